"""The ground: mechanics without meaning (storage, vault, web, telemetry).

Owns: how things are stored, sealed, shown and measured. Must not know: any word of the domain; a table's columns stand
in the rooms of `records`. To add one more room: a package here, listed in the import contract.
"""
