"""The trace: one line for each call, refused call and screen shown.

Owns: opening a line before the first byte goes upstream, closing it, reading lines.
Must not know: message bodies and personal data; they are never given to it.
To add one more: a column in `tables.py` with a migration and a field of `Line`.
"""
