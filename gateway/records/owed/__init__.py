"""Owed entries: what an act must bring to the tombstone journal, kept with its change until the journal has it.

Owns: the debt, which begins in the act's own transaction and outlives a kill, a full disk and a caller who tries again.
Must not know: what an entry means, when it is written.
To add one more: nothing here; a new kind of entry is the journal's (`ground/vault/journal.py`).
"""
