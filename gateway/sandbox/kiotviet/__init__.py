"""A stand-in of KiotViet's Public API for retail (token endpoint and resources), true to its wire behaviour.

Owns: the seeds (two invented shops), tokens, the resources and what is written to them, the error answers, and the
control paths under `/_sandbox` (what arrived, switches for faults and quirks, revocation).
Must not know: the gateway; it speaks as the platform does. What nobody documents is a quirk in `switches.py`.
To add one more list: its rows in the seeds and its `Collection` in `lists.py`. One more write: a function in
`writing.py` and its row in `openapi.WRITES`. Webhooks are not begun.
"""
