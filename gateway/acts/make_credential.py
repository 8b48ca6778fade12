"""Make a credential: an id and a secret for one grant, which die with it; for scripts and clients that know no more."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.tokens import CLIENT_SECRET, hashed, new_token
from gateway.records.accounts import store as accounts
from gateway.records.families import credentials
from gateway.records.families import store as families
from gateway.records.families.types import Credential, Family
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import CredentialId, FamilyId, GrantId, PersonId, new_id
from gateway.terms.refusal import Refusal

MOST_LIVE = 10
"""How many credentials of one grant may live at once."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """Who makes one, for which grant, and under what name; `authenticated_at` and `acr` are of their sign-in."""

    grant_id: GrantId
    person_id: PersonId
    name: str
    authenticated_at: datetime | None = None
    acr: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A new credential, and its secret, shown this once."""

    credential: Credential
    raw_secret: str = field(repr=False)


@shielded
async def make_credential(house: House, wanted: NewCredential, *, request_id: str = "") -> Made:
    """Make a credential that reaches what of the grant stands now, and nothing that is granted later.

    Raises:
        Refusal: `not_found` (no such grant, or the person has no standing), `nothing_to_change` (nothing of it is
            live), `too_many_credentials`.
    """
    actor = Actor(ActorKind.PERSON, wanted.person_id)
    async with house.storage.unit() as unit:
        grant = await house.lock_grant(unit, wanted.grant_id)
        now = house.clock.now()
        await house.check_standing(unit, grant, actor, now)
        account = await accounts.find(unit.connection, grant.account_id)
        if (
            not grant.live(now) or account is None or account.parent_id is not None
        ):  # nobody calls as a person's profile
            raise Refusal("nothing_to_change")
        if await credentials.count_live(unit.connection, grant.id) >= MOST_LIVE:
            raise Refusal("too_many_credentials")
        made = _make(house, wanted, now)
        reached = frozenset(each.id for each in grant.permissions if each.is_standing(now))
        signed = wanted.authenticated_at, wanted.acr
        family = Family(
            made.credential.family_id, grant.id, grant.app_id, wanted.person_id, reached, now, None, *signed
        )
        await families.add(unit.connection, family)
        await credentials.add(unit.connection, made.credential)
        asks = sorted(each.ask_id for each in grant.permissions if each.id in reached)
        facts = {"credential": made.credential.id, "family": family.id, "grant": grant.id, "asks": asks}
        draft = Draft(
            Kind.CREDENTIAL_MADE,
            now,
            actor,
            {**facts, "last4": made.credential.last4},
            app_id=grant.app_id,
            account_id=grant.account_id,
            request_id=request_id,
            parts=await house.parts_about(unit, actor, {"name": wanted.name}),
        )
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return made


def _make(house: House, wanted: NewCredential, now: datetime) -> Made:
    raw_secret = new_token(CLIENT_SECRET, house.entropy)
    credential = Credential(
        id=CredentialId(new_id("gc", house.entropy)),
        family_id=FamilyId(new_id("fa", house.entropy)),
        grant_id=wanted.grant_id,
        person_id=wanted.person_id,
        name=wanted.name,
        hashed_secret=hashed(raw_secret),
        last4=raw_secret[-4:],
        created_at=now,
        last_used_at=None,
        ended_at=None,
    )
    return Made(credential, raw_secret)
