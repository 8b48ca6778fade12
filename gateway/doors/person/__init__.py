"""The person's door: sign-in, connections, the consent screen, Quản lý quyền, the trace, receipts, error pages.

Owns: what people see and send in a browser, and the error pages of the whole people origin. Must not know: OAuth's wire
(the authorize endpoint made the request that stands here), how a record is changed, how a platform is spoken to.
To add one more page: a frozen view with its template, a module with its handler, a row in `endpoints.py`.
"""
