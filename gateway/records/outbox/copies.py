"""What a copy of an event holds at rest: the filtered body and whom it is about, sealed for its grant (I6, I8)."""

from collections.abc import Sequence

import orjson

from gateway.ground.vault.sealing import Place, Vault
from gateway.terms.ids import GrantId


def seal_copy(vault: Vault, grant_id: GrantId, copy_id: str, *, body: bytes, subjects: Sequence[str]) -> bytes:
    """Seal a filtered body for its grant."""
    return vault.seal(orjson.dumps(list(subjects)) + b"\n" + body, _place(grant_id, copy_id))


def open_copy(vault: Vault, grant_id: GrantId, copy_id: str, sealed: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return the body and whom it is about.

    Raises:
        Unsealable: the row was changed or moved, to another grant for one, or its master key is not held.
    """
    raw_subjects, _, body = vault.open(sealed, _place(grant_id, copy_id)).partition(b"\n")
    return body, tuple(orjson.loads(raw_subjects))


def _place(grant_id: GrantId, copy_id: str) -> Place:
    return Place("event_copies", f"{grant_id} {copy_id}", "sealed")
