"""KiotViet's Public API: linking by a shop's own key, a token of a day, the header `Retailer`.

Owns: what KiotViet's two hosts want and say (`connector.py` knows what it means; `exchange.py`
beside this folder speaks). Must not know: routes
and fields (they are the catalogue's), grants, who is asking. To add one more meaning of a status: `read_trouble`.
"""
