"""The vault: how secrets are made, kept and destroyed.

Owns: tokens, sealing under the master keys, password hashes, person keys, the tombstone journal. Must not know: what a
secret is for, which table it lies in, or that there is a database. To add one more kind of secret: derive a key of its
own by `Vault.derive`, or name its `Place` and seal it; a new file only for a new way of keeping.
"""
