"""Found the log: make its signing key at the first start, open it at every other."""

from gateway.ground.storage.storage import Storage
from gateway.ground.vault.sealing import Vault
from gateway.records.ledger import keys
from gateway.records.ledger.note import Signer
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy


async def get_signer(storage: Storage, vault: Vault, *, origin: str, clock: Clock, entropy: Entropy) -> Signer:
    """Return the log's signer; `origin` counts at the first start only, the log keeps its name afterwards.

    Raises:
        Unsealable: the master key is not the one that sealed it.
        Unavailable: the database gave no answer.
    """
    return await storage.shielded(_found(storage, vault, origin=origin, clock=clock, entropy=entropy))


async def _found(storage: Storage, vault: Vault, *, origin: str, clock: Clock, entropy: Entropy) -> Signer:
    async with storage.unit() as unit:
        signer = await keys.find_signer(unit.connection, vault)
        if signer is not None:
            return signer
        made = keys.make_signer(vault, origin=origin, entropy=entropy, now=clock.now())
        if await unit.is_added(keys.add_signer(unit.connection, made)):
            await unit.commit()
            return made.signer
        # A server that started at the same moment made it; theirs is the key.
        signer = await keys.find_signer(unit.connection, vault)
    if signer is None:
        raise AssertionError("a key that collides exists")
    return signer
