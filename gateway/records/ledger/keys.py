"""The log's signing key: made once, sealed in the vault, known to the world by its verifier key."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.vault.sealing import Place, Vault
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tables import ledger_keys
from gateway.terms.entropy import Entropy

_KEY = "log"
_PLACE = Place("ledger_keys", _KEY, "sealed_seed")


async def find_signer(connection: AsyncConnection, vault: Vault) -> Signer | None:
    """Open the log's signing key, if it was made.

    Raises:
        Unsealable: the master key is not the one that sealed it.
    """
    row = (await connection.execute(select(ledger_keys).where(ledger_keys.c.id == _KEY))).mappings().first()
    return None if row is None else Signer(row["origin"], vault.open(row["sealed_seed"], _PLACE))


async def add_signer(
    connection: AsyncConnection, vault: Vault, *, origin: str, entropy: Entropy, now: datetime
) -> Signer:
    """Make the log's signing key; `origin` names the log in every checkpoint from now on."""
    seed = entropy.token(32)
    signer = Signer(origin, seed)
    row = {"id": _KEY, "origin": origin, "sealed_seed": vault.seal(seed, _PLACE), "created_at": now}
    await connection.execute(insert(ledger_keys).values(**row, verifier_key=signer.verifier_key.text()))
    return signer
