"""Authorization requests: what an app asked, waiting for a person's decision.

Owns: the request from the authorize endpoint or from a device until it is decided or runs out; the codes of devices.
Must not know: grants, pages, OAuth's wire errors.
To add one more: a column in `tables.py` with a migration, a field in `types.py`, a question in `store.py`.
"""
