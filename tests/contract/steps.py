"""Steps that several tests of the acts take: agree and get tokens, look at a grant, a token, the log."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.acts import House
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.acts.verify_log import verify_log
from gateway.authority.facts import TokenFacts, find_token
from gateway.authority.in_flight import Call
from gateway.authority.verdict import check_token, list_live
from gateway.ground.vault.entries import Tombstone
from gateway.ground.vault.personkeys import PersonKeys
from gateway.ground.vault.tokens import hashed
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant, Permission
from gateway.records.ledger import reading
from gateway.records.ledger.findings import Finding
from gateway.records.ledger.types import Actor, ActorKind, Record
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.house import REDIRECT_URI, VERIFIER, Scene, agree

PROFILE, NAME, PHONE = AskId("oa_profile"), AskId("crm_name"), AskId("crm_phone")
SEND, CHAT = AskId("order_send"), AskId("chat_read")
SYSTEM = Actor.system()
ALL = {PROFILE, NAME, PHONE, SEND, CHAT}


@dataclass(frozen=True, slots=True)
class Agreed:
    """What came of agreeing: the grant, and the tokens of one family under it."""

    grant_id: GrantId
    access_token: str
    refresh_token: str


def owner(scene: Scene) -> Actor:
    """Return the account's owner as one who acts."""
    return Actor(ActorKind.PERSON, scene.owner.id)


def other_owner(scene: Scene) -> Actor:
    """Return the other person as one who acts."""
    return Actor(ActorKind.PERSON, scene.other_owner.id)


async def agreed(scene: Scene, *asks: AskId, duration: str = "P30D") -> Agreed:
    """Let the owner agree (to everything, if nothing is named) and the app redeem its code."""
    decided = await agree(scene, frozenset(asks) or None, duration=duration)
    answer = orjson.loads(
        await redeem(scene.house, Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI))
    )
    return Agreed(GrantId(str(decided.grant_id)), answer["access_token"], answer["refresh_token"])


async def refreshed(scene: Scene, raw_token: str) -> dict[str, Any]:
    """Let the app refresh."""
    answer: dict[str, Any] = orjson.loads(await refresh(scene.house, Renewal(scene.app, raw_token, None)))
    return answer


async def find_facts(scene: Scene, raw_token: str, *, house: House | None = None) -> TokenFacts | None:
    """Read what the authority knows of an access token."""
    return await find_token((house or scene.house).storage, hashed(raw_token))


async def live_asks(scene: Scene, raw_token: str, *, house: House | None = None) -> set[str]:
    """Name the asks that the token may use now, as every call would find it."""
    now = scene.clock.now()
    try:
        facts = check_token(await find_facts(scene, raw_token, house=house), now)
    except Refusal:
        return set()
    return {reach.ask_id for reach in list_live(facts, now)}


async def get_grant(house: House, grant_id: GrantId) -> Grant:
    """Read a grant."""
    async with house.storage.read() as connection:
        grant = await grants.find(connection, grant_id)
    assert grant is not None
    return grant


async def get_states(house: House, grant_id: GrantId) -> dict[str, str]:
    """Name the state of each ask of a grant."""
    return {each.ask_id: each.state.value for each in (await get_grant(house, grant_id)).permissions}


async def get_permission(house: House, grant_id: GrantId, ask_id: AskId) -> Permission:
    """Read the current permission for an ask."""
    permission = (await get_grant(house, grant_id)).find(ask_id)
    assert permission is not None
    return permission


async def list_records(house: House, **wanted: Any) -> list[Record]:
    """List records of the log, newest first."""
    async with house.storage.read() as connection:
        return await reading.list_records(connection, reading.Search(**wanted), 1000)


def list_versions(house: House) -> list[int]:
    """List the versions of grants that the journal knows, in the order of writing."""
    return [stone.version for stone in house.journal.read().tombstones]


def list_stones(house: House) -> tuple[Tombstone, ...]:
    """Read the tombstones of what ended or was held back that are on disk now; other versions stand there too."""
    kept = house.journal.read().tombstones
    return tuple(stone for stone in kept if stone.permission_ids or stone.cause == "paused")


async def verified(house: House) -> Finding:
    """Verify the house's log and grants."""
    key = house.ledger.verifier_key
    assert key is not None
    return await verify_log(house.storage, key, keys_of(house), checkpoints=house.ledger.path)


def keys_of(house: House) -> PersonKeys:
    """Open the person keys beside the house's checkpoints."""
    return PersonKeys(house.ledger.path.parents[1] / "keys", house.vault, entropy=house.entropy)


@dataclass(slots=True)
class Cuts:
    """Calls under way, and the names of those that were cut, in order."""

    cut: list[str] = field(default_factory=list)


@contextmanager
def calls_under_way(scene: Scene, calls: Mapping[str, tuple[TokenFacts, Collection[AskId]]]) -> Iterator[Cuts]:
    """Register calls by name (the raw token, where it matters), each with a token's facts and the asks that it uses."""
    cuts = Cuts()
    with ExitStack() as stack:
        for name, (facts, asks) in calls.items():
            used = frozenset(reach.id for reach in facts.reach if reach.ask_id in asks)
            cut = _noter(cuts, name)
            call = Call(facts.app_id, facts.account_id, facts.family_id, hashed(name), used, cut)
            stack.enter_context(scene.house.in_flight.registered(call))
        yield cuts
    assert len(scene.house.in_flight) == 0


def _noter(cuts: Cuts, name: str) -> Any:
    return lambda: cuts.cut.append(name)
