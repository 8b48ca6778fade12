"""Management: what an app does with its own affairs, by machine: its notices, and how its grants stand (ADR 0025).

Owns: `/v1` on the public origin, who may there (an app's own token, `records/apps/own_tokens.py`), its problems.
Must not know: people, accounts, what a call of a grant opens; a grant's token opens nothing here.
To add one more: a handler, its answer as a model in `answers.py`, its row in `endpoints.py` with the scope that opens
it, its operation in `openapi.py` (`_SERVED`), its part in `docs/apps.md`.
"""
