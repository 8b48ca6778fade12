"""People and their web sessions.

Owns: who can sign in, by which identities, their roles, their sessions.
Must not know: grants, accounts, HTTP; a session's token is known only by its hash.
To add one more: a column in `tables.py` with a migration, a field in `types.py`, a question in `store.py`.
"""
