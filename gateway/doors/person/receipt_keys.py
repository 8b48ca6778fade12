"""The keys that sign receipts: they follow from the master key, and the world knows them by their verifier keys."""

from gateway.ground.vault.sealing import Unsealable, Vault
from gateway.records.ledger.note import Signer, VerifierKey

_PURPOSE = b"receipt signature"


def receipt_signer(vault: Vault, public_url: str) -> Signer:
    """Return the key that signs receipts now; its name is the public host and `/receipts`."""
    return Signer(_name(public_url), vault.derive(_PURPOSE))


def list_receipt_keys(vault: Vault, public_url: str) -> list[VerifierKey]:
    """Return the public halves under each master key that is held, oldest first: receipts outlive a rotation."""
    keys: list[VerifierKey] = []
    for version in range(1, vault.newest_version + 1):
        try:
            keys.append(Signer(_name(public_url), vault.derive(_PURPOSE, version=version)).verifier_key)
        except Unsealable:  # that version is not held any more
            continue
    return keys


def _name(public_url: str) -> str:
    return public_url.partition("://")[2] + "/receipts"
