"""Grants: the standing decisions of accounts about apps, moved only by named transitions.

Owns: the grant, its permissions, and the pure transitions in `transitions.py` that are the only way to change them.
Must not know: tokens, pages, the log; it returns what changed and lets acts record it.
To add one more: a transition: one pure function that returns a `Change`, and its rows in the table test.
"""
