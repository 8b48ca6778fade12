"""Families: the codes and tokens issued under a grant.

Owns: single use of codes and refresh tokens, which permissions a family may reach, when it ended.
Must not know: the clear text of any token; what a permission means.
To add one more: a column in `tables.py` with a migration, a question in `store.py`; single use stays one update.
"""
