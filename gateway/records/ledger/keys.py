"""The log's signing key: made once, sealed in the vault, known to the world by its verifier key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.vault.sealing import Place, Unsealable, Vault
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tables import ledger_keys
from gateway.terms.entropy import Entropy
from gateway.terms.instants import microseconds

_KEY = "log"


@dataclass(frozen=True, slots=True)
class NewSigner:
    """A signing key that was just made, and its row."""

    signer: Signer
    row: dict[str, Any]


async def find_signer(connection: AsyncConnection, vault: Vault) -> Signer | None:
    """Open the log's signing key, if it was made.

    Raises:
        Unsealable: the master key is not the one that sealed it, or something in its row was changed.
    """
    row = (await connection.execute(select(ledger_keys).where(ledger_keys.c.id == _KEY))).mappings().first()
    if row is None:
        return None
    signer = Signer(row["origin"], vault.open(row["sealed_seed"], _place(row["origin"], row["created_at"])))
    if row["verifier_key"] != signer.verifier_key.text():
        raise Unsealable("the log's verifier key is not that of its seed")
    return signer


def make_signer(vault: Vault, *, origin: str, entropy: Entropy, now: datetime) -> NewSigner:
    """Make the log's signing key; `origin` names the log in every checkpoint from now on."""
    seed = entropy.token(32)
    signer = Signer(origin, seed)
    row = {"id": _KEY, "origin": origin, "sealed_seed": vault.seal(seed, _place(origin, now)), "created_at": now}
    return NewSigner(signer, {**row, "verifier_key": signer.verifier_key.text()})


async def add_signer(connection: AsyncConnection, made: NewSigner) -> None:
    """Store the log's signing key; a second one raises IntegrityError."""
    await connection.execute(insert(ledger_keys).values(**made.row))


def _place(origin: str, created_at: datetime) -> Place:
    return Place("ledger_keys", f"{_KEY}/{origin}/{microseconds(created_at)}", "sealed_seed")
