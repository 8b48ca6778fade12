"""Link: an account to the gateway, through the platform's own sign-in; that proves the person's standing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from unicodedata import normalize

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from gateway.acts import House
from gateway.acts.lapsing import lapse_all
from gateway.acts.recording import is_journalled
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.tokens import hashed
from gateway.platforms import Connector, Credential, Profile
from gateway.platforms.upstream_apps import speaking_as
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import connection_facts, standing_facts
from gateway.records.accounts.places import credential_place, verifier_place
from gateway.records.accounts.types import (
    LINK_ATTEMPT_LASTS,
    STANDING_LASTS,
    Account,
    Connection,
    ConnectionState,
    LinkAttempt,
    Standing,
)
from gateway.records.apps import upstreams
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.grants import store as grants
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import (
    GATEWAYS_OWN,
    AccountId,
    ConnectionId,
    PersonId,
    StandingId,
    UpstreamAppId,
    new_id,
    random_base62,
)
from gateway.terms.refusal import Refusal, Unavailable


@dataclass(frozen=True, slots=True)
class Journey:
    """The way out: where the browser goes, and the state that comes back with it."""

    url: str
    raw_state: str


@dataclass(frozen=True, slots=True)
class Linked:
    """The way back: the account, and the own path that the person set out from.

    `unverified_wanted_id`: which account they meant, as a form named it, where it is another.
    """

    account: Account
    return_to: str
    unverified_wanted_id: str = ""


@dataclass(frozen=True, slots=True)
class _Way:
    """As which upstream app the platform is spoken to."""

    connector: Connector
    brought_id: UpstreamAppId

    @property
    def facts(self) -> dict[str, str]:
        """Name an upstream app that is not the gateway's own."""
        return {"upstream_app": self.connector.upstream_app} if self.brought_id else {}


@shielded
async def start_link(  # noqa: PLR0913 - what a return has to know
    house: House,
    connector: Connector,
    person_id: PersonId,
    *,
    return_to: str,
    upstream: UpstreamApp | None = None,
    unverified_wanted_id: str = "",
) -> Journey:
    """Set out to the platform with a fresh state and PKCE verifier, good for ten minutes and one return.

    `upstream`: the one that an app brought, under which the account is to be linked. `unverified_wanted_id`: which
    account that is, remembered for the return.

    Raises:
        Refusal: `no_link_page`: this platform is linked another way.
    """
    raw_state = random_base62(house.entropy)
    verifier = random_base62(house.entropy)
    url = speaking_as(house.vault, connector, upstream).link_url(raw_state, create_s256_code_challenge(verifier))
    if url is None:
        raise Refusal("no_link_page")
    hashed_state = hashed(raw_state)
    sealed = house.vault.seal(verifier.encode(), verifier_place(hashed_state))
    ends_at = house.clock.now() + LINK_ATTEMPT_LASTS
    brought_id = upstream.id if upstream else GATEWAYS_OWN
    attempt = LinkAttempt(
        hashed_state,
        person_id,
        connector.platform,
        sealed,
        return_to,
        ends_at,
        brought_id,
        unverified_wanted_id or None,
    )
    async with house.storage.unit() as unit:
        await accounts.add_attempt(unit.connection, attempt)
        await unit.commit()
    return Journey(url, raw_state)


@shielded
async def finish_link(
    house: House, connector: Connector, person_id: PersonId, *, raw_state: str, raw_code: str
) -> Linked:
    """Take the platform's return: exchange its code, ask whose it is, and keep account, connection and standing.

    Raises:
        Refusal: `link_state` (unknown, another's, used or late; the upstream app was taken back meanwhile),
            `platform_refused`; `link_standing`: under an app's own upstream app, by somebody without a standing.
        Unavailable: the platform gave no answer; the journey is spent and must start anew.
    """
    attempt = await _spend(house, connector, person_id, raw_state)
    verifier = house.vault.open(attempt.sealed_verifier, verifier_place(attempt.hashed_state)).decode()
    way = await _find_way(house, connector, attempt)
    credential = await way.connector.redeem(raw_code, verifier)
    account = await _keep(house, way, person_id, credential)
    missed = attempt.unverified_wanted_id or ""
    return Linked(account, attempt.return_to, "" if missed == account.id else missed)


@shielded
async def abandon_link(house: House, connector: Connector, person_id: PersonId, *, raw_state: str) -> None:
    """Take the platform's return without a code: the person stopped there, and nobody goes this journey later.

    Raises:
        Refusal: `link_state`, as for `finish_link`: nobody knows who stopped, or whether anyone did.
    """
    await _spend(house, connector, person_id, raw_state)


@shielded
async def link_by_form(
    house: House, connector: Connector, person_id: PersonId, *, answers: Mapping[str, str]
) -> Account:
    """Link where the platform knows no page for it, by what the person filled in (`LinkForm`).

    Raises:
        Refusal: `platform_refused`.
        Unavailable: the platform gave no answer.
    """
    return await _keep(house, _Way(connector, GATEWAYS_OWN), person_id, await connector.log_in(answers))


async def _find_way(house: House, connector: Connector, attempt: LinkAttempt) -> _Way:
    """Speak as the upstream app under which the person set out."""
    if attempt.brought_id == GATEWAYS_OWN:
        return _Way(connector, GATEWAYS_OWN)
    async with house.storage.read() as connection:
        upstream = await upstreams.find(connection, attempt.brought_id, platform=connector.platform)
    if upstream is None:
        raise Refusal("link_state")
    return _Way(speaking_as(house.vault, connector, upstream), upstream.id)


async def _spend(house: House, connector: Connector, person_id: PersonId, raw_state: str) -> LinkAttempt:
    async with house.storage.unit() as unit:
        attempt = await accounts.redeem_attempt(unit.connection, hashed(raw_state), person_id, house.clock.now())
        await unit.commit()
    if attempt is None or attempt.platform != connector.platform:
        raise Refusal("link_state")
    return attempt


async def _keep(house: House, way: _Way, person_id: PersonId, credential: Credential) -> Account:
    profile = _normalised(await way.connector.describe(credential))
    async with house.storage.unit() as unit:
        account = await _get_account(house, unit, way.connector.platform, profile)
        # Locks in the order that every act takes them: account, grants, upstream app, connection, then the log's head.
        held = await grants.list_locked(unit.connection, account.id)
        link = await _save_connection(house, unit, account, way=way, credential=credential)
        now = house.clock.now()
        # Where nobody has standing any more, what still stands ends before somebody has it again: it must not revive.
        is_orphaned = not await accounts.has_standing(unit.connection, account.id, now)
        lapsed = await lapse_all(house, unit, held, actor=Actor.system()) if is_orphaned else []
        standing = _standing(house, account, person_id, role=profile.role)
        standing = await _keep_standing(house, unit, standing, way)
        kept = {"standings": [standing_facts(standing)], "connections": [connection_facts(link)]}
        actor = Actor(ActorKind.PERSON, person_id)
        evidence = {"platform": account.platform, "external_id": account.external_id, "name": account.name}
        draft = Draft(
            kind=Kind.LINKED,
            at=now,
            actor=actor,
            facts={
                "platform": account.platform,
                "role": standing.role,
                "how": standing.proven_how,
                **way.facts,
                **kept,
            },
            account_id=account.id,
            parts=await house.parts_about(unit, actor, evidence),
        )
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    for settled, ended in lapsed:
        await house.settle(settled.change, ended)
    if not await is_journalled(house, link):
        raise Unavailable("journal", reason="not_settled")
    await house.ledger.publish()
    return account


def _normalised(profile: Profile) -> Profile:
    """Bring what the platform calls the account into the one spelling that records have."""
    name = profile.name.encode("utf-8", "replace").decode()
    return replace(profile, name=normalize("NFC", name))


async def _get_account(house: House, unit: UnitOfWork, platform: str, profile: Profile) -> Account:
    known = await accounts.find_external(unit.connection, platform, profile.external_id)
    if known is None:
        account_id = AccountId(new_id("ac", house.entropy))
        fresh = Account(account_id, platform, profile.external_id, profile.name, house.clock.now())
        if await unit.is_added(accounts.add(unit.connection, fresh)):
            return fresh
        # A second admin linked it at the same moment; theirs is the account.
        known = await accounts.find_external(unit.connection, platform, profile.external_id)
    if known is None:
        raise AssertionError("an account that collides exists")
    await accounts.rename(unit.connection, known.id, profile.name)
    return replace(known, name=profile.name)


async def _save_connection(
    house: House, unit: UnitOfWork, account: Account, *, way: _Way, credential: Credential
) -> Connection:
    brought_id, platform = way.brought_id, account.platform
    if brought_id and await upstreams.find(unit.connection, brought_id, platform=platform, lock=True) is None:
        raise Refusal("link_state")  # taken back while the platform was asked: its connections are removed already
    known = await accounts.find_connection(unit.connection, account.id, brought_id=brought_id, lock=True)
    connection_id, now = known.id if known else ConnectionId(new_id("cn", house.entropy)), house.clock.now()
    link = Connection(
        id=connection_id,
        account_id=account.id,
        upstream_app=way.connector.upstream_app,
        state=ConnectionState.LIVE,
        lost_reason=None,
        sealed_credential=house.vault.seal(credential.to_bytes(), credential_place(connection_id)),
        generation=known.generation + 1 if known else 1,
        credential_expires_at=credential.expires_at,
        changed_at=now,
        brought_id=brought_id,
        linked_at=now,
    )
    if known is None:
        await accounts.add_connection(unit.connection, link)
    elif not await accounts.renew_connection(unit.connection, link):
        raise AssertionError("a connection is renewed under its lock only")
    return link


async def _keep_standing(house: House, unit: UnitOfWork, proven: Standing, way: _Way) -> Standing:
    """Keep the standing that linking proves; under an app's own upstream app it proves none, and one has to be there.

    Who brought the upstream app says where the platform sends its codes, so a code may be somebody else's.
    """
    if way.brought_id == GATEWAYS_OWN:
        return await accounts.save_standing(unit.connection, proven)
    held = await accounts.find_standing(unit.connection, proven.account_id, proven.person_id, house.clock.now())
    if held is None:
        raise Refusal("link_standing", log_detail="linking under an app's own upstream app proves no standing")
    return held


def _standing(house: House, account: Account, person_id: PersonId, *, role: str) -> Standing:
    now = house.clock.now()
    return Standing(
        id=StandingId(new_id("st", house.entropy)),
        account_id=account.id,
        person_id=person_id,
        role=role,
        proven_how=f"{account.platform}_link",
        proven_at=now,
        lapses_at=now + STANDING_LASTS,
    )
