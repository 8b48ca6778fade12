"""The operators' console: one search over grant log and trace, single records with their proof, exports.

Owns: the query language, and how records and lines read. Must not know: who a person is, except through the act that
records the look. To add one more page: a frozen view with its template, a module with its handler, a row in
`endpoints.py`; to add one more key of the query language: a row in `query.py` and its meaning in `meaning.py`.
"""
