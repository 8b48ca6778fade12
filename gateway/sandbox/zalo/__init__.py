"""A stand-in of Zalo Official Account and Zalo Social (OAuth v4, the OA open API, `/me`), true to their wire.

Owns: the seeds (invented OAs, followers, chats), codes and tokens, the answers and error tables, the consent page, and
the control paths under `/_sandbox` (what arrived, switches for faults and quirks, revocation).
Must not know: the gateway; it speaks as the platform does, also where the platform is odd.
To add one more endpoint: a function in `endpoints/` that takes a `Visit` and returns `data` or raises `OaError`, and
its row in `openapi.ROUTES`. One more fault: a field in `switches.Switches`, applied in `faults.py`.
"""
