"""Open a request: an app by a browser or from a device, or a person who wants to look at refused asks again."""

from dataclasses import dataclass, fields, replace

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.tokens import DEVICE, hashed, new_token
from gateway.records.accounts import store as accounts
from gateway.records.grants import store as grants
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.records.requests.types import (
    DEVICE_LASTS,
    POLL_SECONDS,
    PUSHED_LASTS,
    REQUEST_LASTS,
    AuthorizationRequest,
    DeviceCode,
    Prompt,
    RequestKind,
)
from gateway.records.requests.user_codes import USER_CODE, new_user_code
from gateway.terms.ids import AccountId, AppId, AskId, GrantId, PersonId, RequestId, new_id
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an app wants of the sign-in and the screen; well formed, and nothing here grants anything.

    `login_hint` is whom the app expects: written into the sign-in form, compared with nothing.
    """

    prompts: tuple[Prompt, ...] = ()
    max_age_seconds: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str | None = None


NO_WISHES = Wishes()
NO_DETAILS = Details({})


@dataclass(frozen=True, slots=True)
class Asked:
    """What was checked: every value stands in the app's registration. `is_pushed`: by the app itself (RFC 9126)."""

    app_id: AppId
    ask_ids: tuple[AskId, ...]
    redirect_uri: str
    state: str | None
    code_challenge: str
    jkt: str | None = None
    is_pushed: bool = False
    wishes: Wishes = NO_WISHES
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True)
class AskedByDevice:
    """What a device asks, checked as `Asked`; `address` is where it asks from."""

    app_id: AppId
    ask_ids: tuple[AskId, ...]
    address: str
    jkt: str | None = None
    wishes: Wishes = NO_WISHES
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """What a device gets, this once: the code that it keeps, and the one that it shows to its user."""

    raw_code: str
    user_code: str


@shielded
async def open_request(house: House, asked: Asked) -> AuthorizationRequest:
    """Keep an app's request until a person decides, at most 30 minutes."""
    request = _fresh(house, RequestKind.AUTHORIZE, asked.app_id, asked.ask_ids)
    kept = replace(
        request, redirect_uri=asked.redirect_uri, state=asked.state, code_challenge=asked.code_challenge, jkt=asked.jkt
    )
    kept = _detailed(_wished(kept, asked.wishes), asked.details)
    if asked.is_pushed:
        kept = replace(kept, pushed_until=kept.created_at + PUSHED_LASTS)
    async with house.storage.unit() as unit:
        await requests.add(unit.connection, kept)
        await unit.commit()
    return kept


@shielded
async def open_for_device(house: House, asked: AskedByDevice) -> DeviceCodes:
    """Keep a device's request until a person confirms its code and decides, at most 10 minutes (RFC 8628)."""
    fresh = _wished(_fresh(house, RequestKind.DEVICE, asked.app_id, asked.ask_ids), asked.wishes)
    request = replace(_detailed(fresh, asked.details), jkt=asked.jkt, expires_at=fresh.created_at + DEVICE_LASTS)
    async with house.storage.unit() as unit:
        await requests.add(unit.connection, request)
        codes = await _add_codes(house, unit, request, asked.address)
        await unit.commit()
    return codes


async def _add_codes(house: House, unit: UnitOfWork, request: AuthorizationRequest, address: str) -> DeviceCodes:
    """Add the two codes; a user code that another device shows is drawn anew."""
    raw_code, user_code = new_token(DEVICE, house.entropy), ""
    is_added = False
    while not is_added:
        user_code = new_user_code(house.entropy)
        hashed_user_code = house.vault.hmac_code(user_code, USER_CODE)
        lasts = (POLL_SECONDS, None, request.expires_at)
        device = DeviceCode(hashed(raw_code), hashed_user_code, request.id, address, *lasts)
        is_added = await unit.is_added(devices.add(unit.connection, device))
    return DeviceCodes(raw_code, user_code)


@shielded
async def reconsider(
    house: House, grant_id: GrantId, person_id: PersonId, ask_ids: tuple[AskId, ...]
) -> AuthorizationRequest:
    """Open the screen again for asks of a grant that do not stand, each for the resources that were asked for last.

    Raises:
        Refusal: `not_found`: no such grant, or not the person's to decide.
    """
    async with house.storage.unit() as unit:
        grant = await grants.find(unit.connection, grant_id)
        now = house.clock.now()
        if grant is None or not await accounts.find_standing(unit.connection, grant.account_id, person_id, now):
            raise Refusal("not_found")
        fresh = _fresh(house, RequestKind.RECONSIDER, grant.app_id, ask_ids)
        last = {p.ask_id: p.resources for p in grant.permissions if p.ask_id in ask_ids and p.resources is not None}
        request = replace(fresh, grant_id=grant_id, person_id=person_id, resources=last or None)
        await requests.add(unit.connection, request)
        await unit.commit()
    return request


@shielded
async def ask_subject(
    house: House, profile_id: AccountId, app_id: AppId, *, person_id: PersonId, ask_ids: tuple[AskId, ...]
) -> AuthorizationRequest:
    """Open the screen for the person whose profile it is: what they agree to, an app may know of them.

    Raises:
        Refusal: `not_found`: no such profile, or another person's.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        profile = await accounts.find(unit.connection, profile_id)
        standing = await accounts.find_standing(unit.connection, profile_id, person_id, now)
        if profile is None or profile.parent_id is None or standing is None:
            raise Refusal("not_found")
        fresh = _fresh(house, RequestKind.SUBJECT, app_id, ask_ids)
        request = replace(fresh, person_id=person_id, account_id=profile_id)
        await requests.add(unit.connection, request)
        await unit.commit()
    return request


def _wished(request: AuthorizationRequest, wishes: Wishes) -> AuthorizationRequest:
    return replace(request, **{each.name: getattr(wishes, each.name) for each in fields(Wishes)})


def _detailed(request: AuthorizationRequest, details: Details) -> AuthorizationRequest:
    return replace(request, resources=details.narrowed_to or None, account_named=details.account)


def _fresh(house: House, kind: RequestKind, app_id: AppId, ask_ids: tuple[AskId, ...]) -> AuthorizationRequest:
    now = house.clock.now()
    return AuthorizationRequest(
        id=RequestId(new_id("rq", house.entropy)),
        kind=kind,
        app_id=app_id,
        ask_ids=ask_ids,
        redirect_uri=None,
        state=None,
        code_challenge=None,
        jkt=None,
        grant_id=None,
        person_id=None,
        shown_at=None,
        created_at=now,
        expires_at=now + REQUEST_LASTS,
        decided_at=None,
        pushed_until=None,
    )
