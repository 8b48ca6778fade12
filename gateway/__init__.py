"""Quyen, the permission gateway.

The floors, top to bottom: cli > server | sandbox > settings > doors > acts > authority | platforms > records > ground >
terms. Imports point down only; rooms beside each other do not import each other. `docs/architecture.md` walks through.
"""
