"""Families: the codes, tokens and connection keys issued under a grant.

Owns: single use of codes and refresh tokens, which permissions a family may reach, when it ended; what a fresh token
holds and how narrow it is (`minting.py`); the keys that a person gives to an app of their own (`credentials.py`).
Must not know: the clear text of any token; what a permission means.
To add one more: a column in `tables.py` with a migration, a question in `store.py`; single use stays one update.
"""
