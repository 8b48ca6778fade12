"""The OAuth door: authorize, pushed requests, devices, token, revoke, introspect, registration, both metadata.

Owns: the wire of OAuth 2.1 and its errors, and how an app that nobody reviewed says who it is (`registration.py`,
`documents.py`, `dynamic.py`). Must not know: pages (the consent screen is the person's door, and the one
error page is handed in), how a token is stored, how anything is changed. To add one more: a module with the endpoint's
handler, its row in `endpoints.py`, its name and what it supports in `metadata.py` (`NAMES`, `ENDPOINTS`), its operation
in `openapi.py` (`OPERATIONS`), its refusals in `errors.py`, a file of tests.
"""
