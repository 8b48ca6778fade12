"""The endpoints of the open API, grouped as the platform groups its permissions.

Owns: what each path reads, checks and answers as `data`. Must not know: tokens, limits, faults, HTTP.
To add one more: a function `(Visit) -> data` that raises `OaError`, and its row in `openapi.ROUTES`.
"""
