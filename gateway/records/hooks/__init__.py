"""What platforms told by webhook: which arrivals were taken, so that none is taken twice.

Owns: the memory of arrivals, by hash alone.
Must not know: what an event says, who gets it, how a platform signs.
To add one more: a column in `tables.py` with a migration.
"""
