"""Third-party apps and what they ask for.

Owns: apps, their secrets (hashed), their keys, their asks; what an app that nobody reviewed said of itself, version by
version, and which version each grant rests on; the tokens of an app's own affairs (`own_tokens.py`).
Must not know: what stands in a grant, and any token of one; what a scope means (that is the catalogue's).
To add one more: a column in `tables.py` with a migration, a field in `types.py`, a question in `store.py`.
"""
