"""Sign in at the provider: out with fresh secrets, back once, and then a person, by verified subject alone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from unicodedata import normalize

from gateway.acts import House, named
from gateway.acts.recording import draft_identity
from gateway.ground.identity.types import Departure, Proven, SignInClient
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.tokens import hashed
from gateway.ground.web.plain import is_unseen
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.records.people import identities
from gateway.records.people import store as people
from gateway.records.people.identities import ATTEMPT_LASTS, Identity, Purpose, SignInAttempt, secrets_place
from gateway.records.people.types import LONG_AGO, STAFF, Person, Proof, Role
from gateway.terms.ids import PersonId, new_id, random_base62
from gateway.terms.refusal import Refusal

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Errand:
    """Why somebody is sent to the provider.

    Args:
        return_to: own path, checked and in the person's language.
        person_id: who links or proves again who they are; None: a sign-in.
        max_age_seconds: the oldest proof that will do; 0: one made now; None: any.
        prompt: passed on to the provider (`login`), or "".
        acr_values: classes of sign-in, passed on to the provider.
    """

    return_to: str
    purpose: Purpose = Purpose.SIGN_IN
    person_id: PersonId | None = None
    max_age_seconds: int | None = None
    prompt: str = ""
    acr_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Return:
    """What the provider sent back with the browser; nothing of it is believed yet."""

    raw_code: str | None
    raw_error: str | None
    raw_issuer: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whom a return has proven, and how: what a session is opened with."""

    person_id: PersonId
    proof: Proof


@shielded
async def start_sign_in(house: House, provider: SignInClient, errand: Errand, *, raw_browser: str) -> str:
    """Set out for the provider: good for ten minutes, one return, and the browser that holds this cookie.

    Returns:
        Where the browser goes.

    Raises:
        Refusal: `provider_refused`.
        Unavailable: the provider gave no answer.
    """
    state, verifier, nonce = (random_base62(house.entropy) for _ in range(3))
    departure = Departure(state, verifier, nonce, errand.max_age_seconds, errand.prompt, errand.acr_values)
    url = await provider.authorize_url(departure)
    hashed_state, now = hashed(state), house.clock.now()
    attempt = SignInAttempt(
        hashed_state=hashed_state,
        hashed_browser=hashed(raw_browser),
        purpose=errand.purpose,
        person_id=errand.person_id,
        max_age_seconds=errand.max_age_seconds,
        sealed_secrets=house.vault.seal(f"{verifier}.{nonce}.{provider.issuer}".encode(), secrets_place(hashed_state)),
        return_to=errand.return_to,
        expires_at=now + ATTEMPT_LASTS,
    )
    async with house.storage.unit() as unit:
        await identities.add_attempt(unit.connection, attempt, now)
        await unit.commit()
    return url


async def find_attempt(house: House, raw_state: str, raw_browsers: Collection[str]) -> SignInAttempt:
    """Find which way out a return belongs to.

    Raises:
        Refusal: `sign_in_state`: none of this browser; which of the two is not said.
    """
    async with house.storage.read() as connection:
        known = [hashed(each) for each in raw_browsers]
        attempt = await identities.find_attempt(connection, hashed(raw_state), known)
    if attempt is None:
        raise Refusal("sign_in_state")
    return attempt


@shielded
async def finish_sign_in(
    house: House, provider: SignInClient, attempt: SignInAttempt, back: Return, *, newcomer: frozenset[Role]
) -> SignedIn:
    """Take a return: spend the way out, exchange the code, and say whom it has proven.

    An unknown subject becomes a new person with the roles `newcomer`; or an identity of the person who links.

    Raises:
        Refusal: `sign_in_state` (it went out to another provider: a code is never sent to whom it is not from),
            `sign_in_replayed`, `sign_in_expired`, `provider_denied`, `provider_refused`, `sign_in_nonce`;
            `identity_taken`: it is another person's; `identity_other`: another person came back than went out;
            `identity_staff`: staff, and no operator stands for the identity.
        Unavailable: the provider gave no answer; the way out is spent.
    """
    departure = _open(house, provider, attempt)
    await _spend(house, attempt)
    await provider.check_answerer(back.raw_issuer)
    if back.raw_error is not None or back.raw_code is None:
        raise _told(back.raw_error or "neither code nor error")
    proven = await provider.redeem(back.raw_code, departure)
    if attempt.purpose is Purpose.SIGN_IN:
        person_id = await _find_or_add(house, provider, proven, newcomer=newcomer)
    elif attempt.purpose is Purpose.LINK:
        person_id = await _link(house, proven, attempt.person_id)
    else:
        person_id = await _prove(house, proven, attempt.person_id)
    at = proven.authenticated_at or LONG_AGO
    return SignedIn(person_id, Proof(at, proven.acr, proven.issuer, proven.subject, proven.sid))


def _open(house: House, provider: SignInClient, attempt: SignInAttempt) -> Departure:
    secrets = house.vault.open(attempt.sealed_secrets, secrets_place(attempt.hashed_state)).decode()
    verifier, _, rest = secrets.partition(".")
    nonce, _, issuer = rest.partition(".")
    if issuer != provider.issuer:
        raise Refusal("sign_in_state", log_detail="a return of another provider's")
    return Departure("", verifier, nonce, attempt.max_age_seconds, left_at=attempt.expires_at - ATTEMPT_LASTS)


async def _spend(house: House, attempt: SignInAttempt) -> None:
    async with house.storage.unit() as unit:
        now = house.clock.now()
        is_first = await identities.redeem_attempt(unit.connection, attempt, now)
        await unit.commit()
    if not is_first:
        raise Refusal(
            "sign_in_expired" if attempt.used_at is None and attempt.expires_at <= now else "sign_in_replayed"
        )


def _told(raw_error: str) -> Refusal:
    """Tell a person's no from a provider's trouble."""
    is_no = raw_error in {"access_denied", "login_required", "interaction_required", "account_selection_required"}
    return Refusal("provider_denied" if is_no else "provider_refused", log_detail=f"returned with {raw_error[:80]!r}")


async def _find_or_add(house: House, provider: SignInClient, proven: Proven, *, newcomer: frozenset[Role]) -> PersonId:
    known = await _find_known(house, proven)
    if known is not None:
        return known
    name = _clean(await provider.find_name(proven))
    person = _newcomer(house, provider.slug, name, roles=newcomer)
    added = await _add(house, proven, person) or await _find_known(house, proven)
    if added is None:
        raise AssertionError("an identity that collides is there")
    return added


async def _find_known(house: House, proven: Proven) -> PersonId | None:
    """Find whom an identity is, unless it would give a staff role that no operator tied to it."""
    async with house.storage.read() as connection:
        known = await identities.find(connection, proven.issuer, proven.subject)
        person = await people.find(connection, known.person_id) if known else None
    if known is None or person is None:
        return None
    if person.roles & STAFF and known.linked_by != "operator":
        raise Refusal("identity_staff")
    return person.id


def _newcomer(house: House, slug: str, name: str, *, roles: frozenset[Role]) -> Person:
    person_id = PersonId(new_id("ps", house.entropy))
    login = f"{slug}-{person_id.removeprefix('ps_')}"
    return Person(person_id, login, name or login, roles, None, house.clock.now())


async def _add(house: House, proven: Proven, person: Person) -> PersonId | None:
    """Add a person for a subject that nobody is; None if somebody became it meanwhile (two devices at once)."""
    now = person.created_at
    async with house.storage.unit() as unit:
        await people.add(unit.connection, person)
        if not await unit.is_added(identities.add(unit.connection, _identity(proven, person.id, now, by="provider"))):
            return None
        facts = {"person": person.id, "roles": sorted(person.roles), "issuer": proven.issuer}
        draft = Draft(Kind.PERSON_ADDED, now, Actor.system(), facts, parts=(named(person, subject=proven.subject),))
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return person.id


async def _link(house: House, proven: Proven, person_id: PersonId | None) -> PersonId:
    if person_id is None:
        raise AssertionError("who links is signed in")
    async with house.storage.unit() as unit:
        now = house.clock.now()
        person = await people.find(unit.connection, person_id)
        if person is None or person.roles & STAFF:
            raise Refusal("identity_staff")
        fresh = _identity(proven, person_id, now, by="person")
        if not await unit.is_added(identities.add(unit.connection, fresh)):
            known = await identities.find(unit.connection, proven.issuer, proven.subject)
            if known is None or known.person_id != person_id:
                raise Refusal("identity_taken")
            return person_id
        actor = Actor(ActorKind.PERSON, person_id)
        draft = draft_identity(Kind.IDENTITY_LINKED, fresh, person, actor=actor)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return person_id


async def _prove(house: House, proven: Proven, person_id: PersonId | None) -> PersonId:
    """Check that who was asked again is who is signed in: an identity of their own, not merely some identity."""
    async with house.storage.read() as connection:
        known = await identities.find(connection, proven.issuer, proven.subject)
    if known is None or known.person_id != person_id:
        raise Refusal("identity_other")
    return known.person_id


def _identity(proven: Proven, person_id: PersonId, now: datetime, *, by: Literal["person", "provider"]) -> Identity:
    return Identity(proven.issuer, proven.subject, person_id, by, now)


def _clean(raw_name: str) -> str:
    """Bring a name that somebody chose at the provider into the one spelling that records have; no sign hides."""
    seen = "".join(sign for sign in raw_name.encode("utf-8", "replace").decode() if not is_unseen(sign))
    return " ".join(normalize("NFC", seen).split())[:_LONGEST_NAME]
