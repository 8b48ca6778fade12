"""Zalo: linking Official Accounts and people's accounts by OAuth v4, its headers and error codes, people's sign-in.

Owns: what Zalo's hosts want and say (`connector.py` for Official Accounts, `social.py` for people know what it means,
`oauth.py` gets the tokens of both; `exchange.py` beside this folder speaks). Must not know: routes and fields (they are
the catalogue's), grants, who is asking. To add one more meaning of an error code: a row in the `TROUBLES` of the one or
the other. People's sign-in is `login.py`.
"""
