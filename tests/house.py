"""A whole gateway below the doors, for tests: a real database, vault, journal and grant log in a folder of its own."""

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gateway.acts import House
from gateway.acts.decide import DURATIONS, Answer, Decided, decide
from gateway.acts.open_request import Asked, Wishes, open_request
from gateway.acts.register import NewPerson, add_person, register_app
from gateway.acts.show_request import show_request
from gateway.doors import is_about_people
from gateway.platforms import Credential
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import connection_facts, standing_facts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import STANDING_LASTS, Account, Connection, ConnectionState, Standing
from gateway.records.apps.types import (
    Agreement,
    App,
    AppState,
    Ask,
    AskText,
    AuthMethod,
    Basis,
    GrantType,
    Recipient,
)
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.people.types import Person, Role
from gateway.records.requests.types import Prompt
from gateway.server.house import opened_house
from gateway.settings import Settings
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy
from gateway.terms.ids import AccountId, AppId, AskId, ConnectionId, PersonId, StandingId, new_id
from scopes import load_catalogue
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

PUBLIC_URL = "http://127.0.0.1:8400"
API_URL = "http://127.0.0.1:8401"
REDIRECT_URI = "http://127.0.0.1/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
MASTER_KEY = urlsafe_b64encode(bytes(range(32))).decode()


def settings_for(folder: Path, database_url: str | None = None, **changes: object) -> Settings:
    """Return settings for a gateway whose files all stand in `folder`."""
    return Settings.model_validate(
        {
            "database_url": database_url or f"sqlite+aiosqlite:///{folder / 'quyen.db'}",
            "public_url": PUBLIC_URL,
            "api_url": API_URL,
            "master_key": MASTER_KEY,
            "record_retention_days": 730,
            "checkpoint_dir": folder / "checkpoints",
            "journal_dir": folder / "journal",
            "keys_dir": folder / "keys",
            **changes,
        }
    )


_openings: Counter[Path] = Counter()


@asynccontextmanager
async def house_in(
    folder: Path,
    clock: Clock,
    *,
    database_url: str | None = None,
    entropy: Entropy | None = None,
    may_be_older: bool = False,
) -> AsyncIterator[House]:
    """Open a house in `folder`; opened again in the same folder it is the same gateway after a restart.

    Its randomness is the same in every run of a test, and another at each opening.
    """
    settings = settings_for(folder, database_url)
    _openings[folder] += 1
    drawn = entropy or SeededEntropy(f"{folder.name}, opening {_openings[folder]}")
    async with opened_house(settings, clock=clock, entropy=drawn, may_be_older=may_be_older) as house:
        yield house


@dataclass(frozen=True, slots=True)
class Scene:
    """A house with people and apps in it. Names end in (mẫu)."""

    house: House
    clock: ManualClock
    owner: Person
    other_owner: Person
    account: Account
    app: App
    asks: tuple[Ask, ...]
    raw_secret: str
    public_app: App

    @property
    def all_asks(self) -> frozenset[AskId]:
        """Every ask of the confidential app."""
        return frozenset(ask.id for ask in self.asks)


ASKS = (
    ("oa_profile", "zalo.profile.read", "crm", True),
    ("crm_name", "zalo.follower.name.read", "crm", False),
    ("crm_phone", "zalo.follower.phone.read", "crm", False),
    ("order_send", "zalo.message.send", "order", False),
    ("chat_read", "zalo.message.read", "order", False),
)


AGREEMENT = Agreement("HD-01/2026 (mẫu)", date(2026, 1, 5))


def ask_of(app_id: AppId, row: tuple[str, str, str, bool], basis: Basis = Basis.CONTRACT) -> Ask:
    """Return an ask whose texts name it; about other people it rests on a contract, unless a test says otherwise."""
    ask_id, scope, purpose, is_required = row
    is_about_others = is_about_people(load_catalogue(), scope)
    text = AskText(purpose=f"{ask_id} (mẫu).", refusal_effect="không có gì xảy ra (mẫu).", why_required="cần (mẫu).")
    return Ask(
        AskId(ask_id),
        app_id,
        scope,
        1,
        purpose,
        {"vi": text, "en": text},
        is_required,
        30,
        (Recipient("A (mẫu)", "VN"),),
        basis=basis if is_about_others else None,
        agreement=AGREEMENT if is_about_others and basis is Basis.CONTRACT else None,
    )


def app_of(name: str, app_id: str, *, is_confidential: bool, clock: Clock) -> App:
    """Return a reviewed app that may refresh."""
    return App(
        id=AppId(app_id),
        name=name,
        legal_entity="Công ty (mẫu)",
        address="1 Phố Mẫu",
        contact="a@app.example",
        domain="app.example",
        country="VN",
        owner_id=None,
        auth_method=AuthMethod.SECRET if is_confidential else AuthMethod.NONE,
        jwks=None,
        dialect="zalo" if is_confidential else None,
        grant_types=(GrantType.CODE, GrantType.REFRESH),
        redirect_uris=(REDIRECT_URI, "https://app.example/cb"),
        must_push=False,
        binds_tokens=False,
        state=AppState.ACTIVE,
        suspended_reason=None,
        reviewed_at=clock.now(),
        created_at=clock.now(),
    )


async def set_scene(house: House, clock: Any) -> Scene:
    """Fill a fresh house: two owners, one account that the first may decide for, a confidential and a public app."""
    system = Actor.system()
    owner, other = [
        await add_person(house, NewPerson(login, f"{login} (mẫu)", frozenset({Role.OWNER}), None), system)
        for login in ("chu-1", "chu-2")
    ]
    app = app_of("Sổ bán hàng (mẫu)", "so-ban-hang", is_confidential=True, clock=clock)
    asks = tuple(ask_of(app.id, row) for row in ASKS)
    raw_secret = await register_app(house, app, list(asks), system)
    public = app_of("Giao hàng (mẫu)", "giao-hang", is_confidential=False, clock=clock)
    await register_app(house, public, [ask_of(public.id, row) for row in ASKS[:2]], system)
    account = await link_account(house, owner.id, external_id="4000000000000001")
    return Scene(house, clock, owner, other, account, app, asks, raw_secret or "", public)


async def link_account(
    house: House, person_id: PersonId, *, external_id: str, platform: str = "zalo", credential: Credential | None = None
) -> Account:
    """Link an account straight into the records, with a live connection (the act goes through a platform)."""
    now = house.clock.now()
    credential = credential or Credential("upstream-access", "upstream-refresh", None)
    connections: list[dict[str, Any]] = []
    async with house.storage.unit() as unit:
        account = await accounts.find_external(unit.connection, platform, external_id)
        if account is None:
            name = f"OA {external_id} (mẫu)"
            account = Account(AccountId(new_id("ac", house.entropy)), platform, external_id, name, now)
            await accounts.add(unit.connection, account)
            connection_id = ConnectionId(new_id("cn", house.entropy))
            sealed = house.vault.seal(credential.to_bytes(), credential_place(connection_id))
            state = ConnectionState.LIVE
            link = Connection(connection_id, account.id, "upstream-app", state, None, sealed, 1, None, now)
            await accounts.add_connection(unit.connection, link)
            connections.append(connection_facts(link))
        standing_id = StandingId(new_id("st", house.entropy))
        ends_at = now + STANDING_LASTS
        standing = Standing(standing_id, account.id, person_id, "admin", "test", now, ends_at)
        kept = await accounts.save_standing(unit.connection, standing)
        facts = {"platform": platform, "standings": [standing_facts(kept)], "connections": connections}
        draft = Draft(Kind.LINKED, now, Actor.system(), facts, account_id=account.id)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return account


async def end_standing(scene: "Scene", person_id: PersonId) -> None:
    """Let a person's standing on the scene's account lapse now, straight in the records, with a record of it."""
    async with scene.house.storage.unit() as unit:
        now = scene.clock.now()
        ended = await accounts.end_standing(unit.connection, scene.account.id, person_id, now)
        assert ended is not None
        facts = {"standings": [standing_facts(ended)]}
        draft = Draft(Kind.UNLINKED, now, Actor.system(), facts, account_id=scene.account.id)
        await scene.house.ledger.append(unit.connection, draft)
        await unit.commit()
    await scene.house.ledger.publish()


async def agree(
    scene: Scene,
    asks: frozenset[AskId] | None = None,
    *,
    duration: str = "P30D",
    app: App | None = None,
    asked_for: frozenset[AskId] | None = None,
    whole: bool = False,
) -> Decided:
    """Let the owner see a fresh request for some of the app's asks and agree to some of those (default: to all).

    `whole` is `prompt=consent`: what stands is decided anew; else only the difference is asked.
    """
    used = app or scene.app
    registered = [ask.id for ask in scene.asks] if used is scene.app else [AskId(row[0]) for row in ASKS[:2]]
    names = tuple(name for name in registered if asked_for is None or name in asked_for)
    wishes = Wishes(prompts=(Prompt.CONSENT,) if whole else ())
    asked = Asked(used.id, names, REDIRECT_URI, "state-1", CHALLENGE, wishes=wishes)
    request = await open_request(scene.house, asked)
    await show_request(scene.house, request.id, scene.owner.id)
    agreed = frozenset(names) if asks is None else asks
    answer = Answer(scene.owner.id, scene.account.id, agreed, DURATIONS[duration], "Chữ đã hiện (mẫu)", "vi")
    return await decide(scene.house, request.id, answer)


def fresh_parts() -> tuple[ManualClock, SeededEntropy]:
    """Return a clock and entropy for a house that a test opens itself."""
    return ManualClock(), SeededEntropy()
