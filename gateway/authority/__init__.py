"""The authority: may this call pass, now?

Owns: reading what is true about a token, the pure verdict on it, proofs of a key and the memory
of those that were used, the calls in flight and how they are cut, limits.
Must not know: HTTP, a platform's wire, who is asking behind the token; it changes no record.
To add one more: a rule of the verdict is a small named check in `verdict.py` with its rows in the table test.
"""
