"""Keeping hooks: what a platform is asked to tell of an account is what some app may hear of it, no more, no less."""

from base64 import b64encode
from collections.abc import Collection

import structlog

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.platforms import Credential, Registrar
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection
from gateway.records.hooks import store as hooks
from gateway.records.hooks.types import HookPoint, Registered, secret_place
from gateway.terms.ids import new_id

_SECRET_BYTES = 30

log = structlog.get_logger(__name__)


@shielded
async def keep_hooks(
    house: House, registrar: Registrar, link: Connection, wanted: Collection[str], *, url: str
) -> None:
    """Register what is wanted and is not, remove what is registered and not wanted any more.

    Each step is written down by itself: whoever dies in between leaves at most one registration that nobody knows of,
    which the next check removes.

    Args:
        house: the parts.
        registrar: how the platform is asked.
        link: the account's connection.
        wanted: names of events.
        url: where it tells, but for the last part.

    Raises:
        Refusal: `platform_refused`: the credential; what was done before stays.
        Unavailable: the platform, or the database, gave no answer.
    """
    async with house.storage.exclusive(f"hooks {link.account_id}"):
        registered = await _find(house, link)
        if registered is None and not wanted:
            return
        registered = registered or await _add_point(house, link)
        credential = Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))
        for name in sorted(registered.upstream_ids.keys() - set(wanted)):
            await registrar.remove(credential, registered.upstream_ids[name])
            await _forget(house, registered.point, name)
        for name in sorted(set(wanted) - registered.upstream_ids.keys()):
            await _register(house, registrar, credential, registered.point, where=(name, url))
        if not wanted:
            await _remove_point(house, registered.point)


@shielded
async def check_hooks(house: House, registrar: Registrar, link: Connection) -> int:
    """Forget what the platform switched off or lost, so that it is registered anew; return how many that were."""
    async with house.storage.exclusive(f"hooks {link.account_id}"):
        registered = await _find(house, link)
        if registered is None:
            return 0
        credential = Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))
        active = await registrar.list_active(credential)
        known = set(registered.upstream_ids.values())
        for upstream_id in sorted(each for each, url in active.items() if url.endswith(f"/{registered.point.id}")):
            if upstream_id not in known:
                await registrar.remove(credential, upstream_id)
        dead = [name for name, upstream_id in sorted(registered.upstream_ids.items()) if upstream_id not in active]
        for name in dead:
            await registrar.remove(credential, registered.upstream_ids[name])
            await _forget(house, registered.point, name)
            log.warning("the platform tells no more", account=link.account_id, kind=name)
    return len(dead)


async def _find(house: House, link: Connection) -> Registered | None:
    async with house.storage.read() as connection:
        return await hooks.find_registered(connection, link.account_id)


async def _add_point(house: House, link: Connection) -> Registered:
    point_id = new_id("hk", house.entropy)
    secret = b64encode(house.entropy.token(_SECRET_BYTES))
    sealed = house.vault.seal(secret, secret_place(point_id))
    point = HookPoint(point_id, link.account_id, sealed, house.clock.now())
    async with house.storage.unit() as unit:
        await hooks.add_point(unit.connection, point)
        await unit.commit()
    return Registered(point, {})


async def _register(
    house: House, registrar: Registrar, credential: Credential, point: HookPoint, *, where: tuple[str, str]
) -> None:
    name, url = where
    secret = house.vault.open(point.sealed_secret, secret_place(point.id)).decode()
    upstream_id = await registrar.add(credential, name, f"{url}/{point.id}", secret=secret)
    async with house.storage.unit() as unit:
        now = house.clock.now()
        await hooks.add_registration(unit.connection, point.id, name, upstream_id=upstream_id, now=now)
        await unit.commit()


async def _forget(house: House, point: HookPoint, name: str) -> None:
    async with house.storage.unit() as unit:
        await hooks.remove_registration(unit.connection, point.id, name)
        await unit.commit()


async def _remove_point(house: House, point: HookPoint) -> None:
    async with house.storage.unit() as unit:
        await hooks.remove_point(unit.connection, point.id)
        await unit.commit()
