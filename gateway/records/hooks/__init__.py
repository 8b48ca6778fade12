"""What platforms tell by webhook: what was taken already, and where they tell.

Owns: the memory of arrivals, by hash alone; for platforms that are asked through each connection, the address and its
secret (sealed), and what is registered there.
Must not know: what an event says, who gets it, how a platform signs.
To add one more: a column in `tables.py` with a migration.
"""
