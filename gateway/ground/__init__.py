"""The ground: mechanics without meaning (storage, vault, web, identity, fetching).

Owns: how things are stored, sealed and shown, how a sign-in provider is spoken to, how a document is fetched.
Must not know: any word of the domain; a table's columns stand in the rooms of `records`.
To add one more room: a package here; the import contract holds for it at once.
"""
