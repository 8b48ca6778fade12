"""Third-party apps and what they ask for.

Owns: apps, their secrets (hashed), their asks.
Must not know: grants and tokens; what a scope means (that is the catalogue's).
To add one more: a column in `tables.py` with a migration, a field in `types.py`, a question in `store.py`.
"""
