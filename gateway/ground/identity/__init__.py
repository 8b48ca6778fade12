"""Sign-in at an OpenID Provider: the client's side of OpenID Connect, without meaning for the house.

Owns: the provider's wire (discovery, keys, code exchange, ID tokens, logout tokens) and every check on what it says.
Must not know: people, sessions, roles, cookies, pages; it answers who was proven, and nothing follows from that here.
To add one more check on a token: a function in `checks.py` and its place in the list there, with a lie in
`tests/stand_ins/provider.py` that it alone finds.
"""
