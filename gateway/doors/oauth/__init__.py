"""The OAuth door: authorize, token, revoke, introspect and the metadata of both origins.

Owns: the wire of OAuth 2.1 and its errors. Must not know: pages (the consent screen is the person's door, and the one
error page is handed in), how a token is stored, how anything is changed. To add one more: a module with the endpoint's
handler, its row in `endpoints.py` (which puts it into the metadata), its refusals in `errors.py`, a file of tests.
"""
