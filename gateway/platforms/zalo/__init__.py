"""Zalo: linking Official Accounts by OAuth v4, the OA open API's credential headers and error codes, people's sign-in.

Owns: what Zalo's two hosts want and say (`connector.py` knows what it means, `oauth.py` gets the tokens; `exchange.py`
beside this folder speaks). Must not know: routes
and fields (they are the catalogue's), grants, who is asking. To add one more meaning of an error code: a row in
`connector.TROUBLES`. People's sign-in is `login.py`.
"""
