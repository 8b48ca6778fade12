"""A Matrix homeserver's Client-Server API: linking by password with refresh tokens, Bearer credentials.

Owns: what the homeserver wants and says (`connector.py` knows what it means; `exchange.py`
beside this folder speaks). Must not know: routes
and fields (they are the catalogue's), grants, who is asking. To add one more meaning of a status: `read_trouble`.
"""
