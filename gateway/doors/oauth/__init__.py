"""The OAuth door: authorize, token, revoke, introspect and the metadata of both origins.

Owns: the wire of OAuth 2.1 and its errors. Must not know: pages (the consent screen is the person's door), how a token
is stored. To add one more: a module for the endpoint and its row in `endpoints.py`.
"""
