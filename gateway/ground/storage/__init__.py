"""Storage: the engines, the unit of work, point reads and migrations, for SQLite and PostgreSQL alike.

Owns: connections, transactions, statements compiled once (`prepared.py`), and the translation of a database's errors
into `Unavailable`. Must not know: any table; those stand in the rooms of `records`, on the one `metadata` here.
To add one more database: a branch in `engines.py`, in `Storage.point` and in `Prepared`; the contract tests run on it.
"""
