"""Accounts on platforms, the gateway's connections to them, and who has standing to decide for them.

Owns: accounts, connections (credentials sealed), standings, link attempts; who is whom, and what they took back there.
Must not know: how a platform is spoken to; grants.
To add one more: a column in `tables.py` with a migration, a field in `types.py`, a question in `store.py`.
"""
