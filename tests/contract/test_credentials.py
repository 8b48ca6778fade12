"""Grant-bound credentials and own tokens as acts: what is recorded, what ends them, uses against ends."""

import asyncio

import orjson
import pytest
from sqlalchemy import func, select, update

from gateway.acts.end_credential import end_credential
from gateway.acts.give_own_token import give_own_token
from gateway.acts.make_credential import MOST_LIVE, Made, NewCredential, make_credential
from gateway.acts.register import register_app
from gateway.acts.restore import Gap, restore
from gateway.acts.use_credential import Use, use_credential
from gateway.acts.withdraw import withdraw
from gateway.ground.vault.tokens import hashed
from gateway.records.apps import callers
from gateway.records.apps.own_tokens import OwnScope, OwnToken
from gateway.records.apps.types import App, GrantType
from gateway.records.families import credentials
from gateway.records.families.tables import access_tokens, families
from gateway.records.families.tables import credentials as credentials_table
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import AppId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.steps import (
    PHONE,
    PROFILE,
    SYSTEM,
    calls_under_way,
    find_facts,
    get_permission,
    list_records,
    live_asks,
    other_owner,
    owner,
    verified,
)
from tests.house import Scene, agree, app_of

AT_ONCE = 8
ROUNDS = 5
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAME = "Máy tính quầy (mẫu)"


async def made_for(scene: Scene) -> Made:
    """Let the owner agree to two asks and make a credential."""
    decided = await agree(scene, frozenset({PROFILE, PHONE}))
    return await made_again(scene, GrantId(str(decided.grant_id)))


async def made_again(scene: Scene, grant_id: GrantId) -> Made:
    """Make a credential for a grant."""
    return await make_credential(scene.house, NewCredential(grant_id, scene.owner.id, NAME))


async def used(scene: Scene, made: Made) -> str:
    """Exchange a credential; return the access token."""
    answer = orjson.loads(await use_credential(scene.house, Use(made.credential)))
    return str(answer["access_token"])


async def ended(scene: Scene, made: Made) -> None:
    """Let the owner end a credential."""
    await end_credential(scene.house, made.credential.grant_id, made.credential.id, owner(scene))


@SQLITE
async def test_making_and_ending_are_recorded_and_name_nobody(scene: Scene) -> None:
    """Two records in the owner's name, without the key's own; the secret is nowhere but in the answer."""
    made = await made_for(scene)
    await ended(scene, made)
    last, first = await list_records(scene.house, kinds=[Kind.CREDENTIAL_MADE, Kind.CREDENTIAL_ENDED])
    about = {
        "credential": made.credential.id,
        "family": made.credential.family_id,
        "grant": made.credential.grant_id,
    }
    assert last.facts == about
    assert first.facts == {**about, "asks": [PHONE, PROFILE], "last4": made.raw_secret[-4:]}
    for record in (last, first):
        assert (record.actor, record.app_id, record.account_id) == (owner(scene), scene.app.id, scene.account.id)
        assert NAME.encode() not in record.canonical
        assert made.raw_secret.encode() not in record.canonical
        assert {part.name for part in record.part_digests} == {"identity", "evidence"}
    assert made.credential.hashed_secret == hashed(made.raw_secret)
    assert made.raw_secret not in repr(made)
    assert (await verified(scene.house)).bad == []


@SQLITE
async def test_who_may_make_and_end(scene: Scene) -> None:
    """Only a holder of the account, only for a grant that lives, at most ten at once, each ended once."""
    made = await made_for(scene)
    grant_id = made.credential.grant_id
    attempts = [
        make_credential(scene.house, NewCredential(grant_id, scene.other_owner.id, NAME)),
        make_credential(scene.house, NewCredential(GrantId("gr_x"), scene.owner.id, NAME)),
        end_credential(scene.house, grant_id, made.credential.id, other_owner(scene)),
        end_credential(scene.house, grant_id, "gc_x", owner(scene)),
    ]
    for attempt in attempts:
        with pytest.raises(Refusal, match="not_found"):
            await attempt
    other = GrantId(str((await agree(scene, app=scene.public_app)).grant_id))
    with pytest.raises(Refusal, match="not_found"):
        await end_credential(scene.house, other, made.credential.id, owner(scene))
    for _ in range(MOST_LIVE - 1):
        await made_again(scene, grant_id)
    with pytest.raises(Refusal, match="too_many_credentials"):
        await made_again(scene, grant_id)
    await ended(scene, made)
    with pytest.raises(Refusal, match="nothing_to_change"):
        await ended(scene, made)
    await made_again(scene, grant_id)
    await withdraw(scene.house, grant_id, owner(scene))
    with pytest.raises(Refusal, match="nothing_to_change"):
        await made_again(scene, grant_id)


@SQLITE
async def test_an_end_cuts_the_calls_under_way(scene: Scene) -> None:
    """When it returned, what ran under the key is cut, and what ran under another one of the grant is not (I1)."""
    made = await made_for(scene)
    other = await made_again(scene, made.credential.grant_id)
    facts = [await find_facts(scene, await used(scene, each)) for each in (made, other)]
    assert facts[0] is not None
    assert facts[1] is not None
    with calls_under_way(scene, {"own": (facts[0], {PHONE}), "other": (facts[1], {PHONE})}) as cuts:
        await ended(scene, made)
        assert cuts.cut == ["own"]


@SQLITE
async def test_a_refused_key_says_what_is_over(scene: Scene) -> None:
    """An ended key names itself while its grant lives, and the grant once that is withdrawn."""
    made = await made_for(scene)
    await ended(scene, made)
    with pytest.raises(Refusal) as alone:
        await used(scene, made)
    await withdraw(scene.house, made.credential.grant_id, owner(scene))
    with pytest.raises(Refusal) as whole:
        await used(scene, made)
    assert (alone.value.detail, whole.value.detail) == ("the connection key is over", "the grant is over")


@SQLITE
async def test_withdrawing_one_of_its_asks_narrows_a_key(scene: Scene) -> None:
    """What is left goes on; with the last ask the key is over, and no later consent is reached by it."""
    made = await made_for(scene)
    token = await used(scene, made)
    await withdraw(scene.house, made.credential.grant_id, owner(scene), ask_ids=[PHONE])
    assert await live_asks(scene, token) == {PROFILE}
    await agree(scene, frozenset({PHONE}))
    assert await live_asks(scene, await used(scene, made)) == {PROFILE}
    await withdraw(scene.house, made.credential.grant_id, owner(scene), ask_ids=[PROFILE])
    with pytest.raises(Refusal, match="invalid_grant"):
        await used(scene, made)
    assert (await get_permission(scene.house, made.credential.grant_id, PHONE)).state == "granted"


@SQLITE
async def test_a_restore_ends_keys_and_own_tokens(scene: Scene) -> None:
    """An older database does not know which were ended since, so none works, also one that it holds alive (I4)."""
    made, app = await made_for(scene), await own_app(scene)
    token, raw_own = await used(scene, made), await give_own_token(scene.house, app.id, list(OwnScope), jkt=None)
    await ended(scene, made)
    async with scene.house.storage.unit() as unit:  # what the older database would bring back
        await unit.connection.execute(update(families).values(ended_at=None))
        await unit.commit()
    assert await live_asks(scene, token) != set()
    await restore(scene.house, SYSTEM, Gap(restored_size=1, signed_size=9))
    assert (await list_records(scene.house))[0].facts["own_tokens_ended"] == 1
    assert await live_asks(scene, token) == set()
    with pytest.raises(Refusal, match="invalid_grant"):
        await used(scene, made)
    own = await find_own(scene, raw_own)
    assert own is not None
    assert not own.is_live(scene.clock.now())


async def own_app(scene: Scene) -> App:
    """Register an app that may manage itself."""
    app = app_of("Tự quản (mẫu)", "tu-quan", is_confidential=True, clock=scene.clock)
    fields = {name: getattr(app, name) for name in App.__slots__}
    app = App(**{**fields, "grant_types": (GrantType.CODE, GrantType.CLIENT)})
    await register_app(scene.house, app, [], SYSTEM)
    return app


async def find_own(scene: Scene, raw_token: str) -> OwnToken | None:
    """Read an own token."""
    return await callers.find_own_token(scene.house.storage, hashed(raw_token))


@SQLITE
async def test_own_tokens_are_no_grants_tokens_and_leave_when_over(scene: Scene) -> None:
    """No call finds one; an app that is unknown or did not register gets none; old ones leave with the next."""
    app = await own_app(scene)
    first = await give_own_token(scene.house, app.id, [OwnScope.GRANTS_READ], jkt=None)
    assert await find_facts(scene, first) is None
    for app_id in (scene.app.id, AppId("nobody")):
        with pytest.raises(Refusal, match="unauthorized_client"):
            await give_own_token(scene.house, app_id, list(OwnScope), jkt=None)
    scene.clock.advance(900)
    await give_own_token(scene.house, app.id, list(OwnScope), jkt=None)
    assert await find_own(scene, first) is None


async def test_eight_uses_against_an_end(scene: Scene) -> None:
    """Each use gives a token or is refused; once the end returned no token opens anything and none is given."""
    grant_id = (await made_for(scene)).credential.grant_id
    for _ in range(ROUNDS):
        made = await made_again(scene, grant_id)
        results = await asyncio.gather(
            ended(scene, made), *(used(scene, made) for _ in range(AT_ONCE)), return_exceptions=True
        )
        refused = [each for each in results[1:] if isinstance(each, Refusal)]
        tokens = [each for each in results[1:] if isinstance(each, str)]
        assert results[0] is None
        assert len(refused) + len(tokens) == AT_ONCE
        assert {each.reason for each in refused} <= {"invalid_grant"}
        assert [await live_asks(scene, each) for each in tokens] == [set()] * len(tokens)
        with pytest.raises(Refusal, match="invalid_grant"):
            await used(scene, made)


async def test_eight_ends_and_a_withdrawal_at_once(scene: Scene) -> None:
    """Of eight ends one is recorded at most; whoever comes first, afterwards the key is dead and the log verifies."""
    made = await made_for(scene)
    ends = [ended(scene, made) for _ in range(AT_ONCE)]
    gone = withdraw(scene.house, made.credential.grant_id, owner(scene))
    results = await asyncio.gather(*ends, gone, return_exceptions=True)
    refusals = [each for each in results[:-1] if each is not None]
    assert len(refusals) >= AT_ONCE - 1
    assert all(isinstance(each, Refusal) and each.reason == "nothing_to_change" for each in refusals)
    assert len(await list_records(scene.house, kinds=[Kind.CREDENTIAL_ENDED])) == AT_ONCE - len(refusals)
    assert (await verified(scene.house)).bad == []


async def test_eight_makers_at_the_bound(scene: Scene) -> None:
    """With two places left two of eight get one: never more than ten live."""
    grant_id = (await made_for(scene)).credential.grant_id
    for _ in range(MOST_LIVE - 3):
        await made_again(scene, grant_id)
    results = await asyncio.gather(*(made_again(scene, grant_id) for _ in range(AT_ONCE)), return_exceptions=True)
    assert sum(isinstance(each, Made) for each in results) == 2
    assert {each.reason for each in results if isinstance(each, Refusal)} == {"too_many_credentials"}
    async with scene.house.storage.read() as connection:
        assert await credentials.count_live(connection, grant_id) == MOST_LIVE


@SQLITE
async def test_what_cannot_be_is_a_bug(scene: Scene) -> None:
    """A credential whose family is not there raises; nothing is given."""
    made = await made_for(scene)
    fields = {name: getattr(made.credential, name) for name in type(made.credential).__slots__}
    stray = type(made.credential)(**{**fields, "family_id": "fa_x"})
    with pytest.raises(AssertionError):
        await use_credential(scene.house, Use(stray))
    async with scene.house.storage.read() as connection:
        count = await connection.execute(select(func.count()).select_from(access_tokens))
        assert count.scalar_one() == 0
        rows = await connection.execute(select(credentials_table.c.last_used_at))
        assert rows.scalar_one() is None
