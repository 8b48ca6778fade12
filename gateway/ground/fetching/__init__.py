"""Fetching what a stranger named: their notice endpoint, their metadata document. Safe against server-side forgery.

Owns: which addresses may be connected to (judged on the very address, before the first packet), which URLs, and every
bound: time, size, no redirect, no cookie, no proxy, no coding. Must not know: why something is fetched, what a status
means. To add one more use: take the `Fetcher` that `gateway/server` opened; `get` and `post` are the whole of it.
"""
