"""One authorization of an app ended alone: its tokens die, its neighbours and the grant stay; and who may."""

import asyncio
from datetime import timedelta

import pytest

from gateway.acts.end_family import end_family
from gateway.acts.make_credential import NewCredential, make_credential
from gateway.acts.revoke import revoke
from gateway.authority.facts import TokenFacts
from gateway.records.families import chains
from gateway.records.families.chains import Chain
from gateway.records.families.types import ACCESS_LASTS, CODE_LASTS, REFRESH_IDLE
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.steps import (
    PHONE,
    PROFILE,
    Agreed,
    agreed,
    calls_under_way,
    find_facts,
    list_records,
    live_asks,
    other_owner,
    owner,
    refreshed,
    verified,
)
from tests.house import REDIRECT_URI, Scene, agree

AT_ONCE = 8
ROUNDS = 3
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def usable(scene: Scene, grant_id: GrantId) -> list[Chain]:
    """List the families of a grant that can still be used."""
    async with scene.house.storage.read() as connection:
        found = await chains.list_usable(connection, grant_id, scene.clock.now(), 100)
        assert await chains.count_usable(connection, grant_id, scene.clock.now()) == len(found)
    return found


async def get_facts(scene: Scene, given: Agreed) -> TokenFacts:
    """Read what the authority knows of somebody's access token."""
    facts = await find_facts(scene, given.access_token)
    assert facts is not None
    return facts


async def family_of(scene: Scene, given: Agreed) -> str:
    """Return the family of somebody's tokens."""
    return (await get_facts(scene, given)).family_id


async def test_one_ends_alone(scene: Scene) -> None:
    """Its calls are cut, its tokens dead and not refreshed; those of another device go on, and nothing is withdrawn."""
    first, second = await agreed(scene, PROFILE), await agreed(scene, PROFILE)
    facts: dict[str, tuple[TokenFacts, list[AskId]]] = {"first": (await get_facts(scene, first), [])}
    facts["second"] = (await get_facts(scene, second), [])
    with calls_under_way(scene, facts) as cuts:
        await end_family(scene.house, first.grant_id, await family_of(scene, first), owner(scene))
        assert cuts.cut == ["first"]
    assert await live_asks(scene, first.access_token) == set()
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, first.refresh_token)
    assert await live_asks(scene, second.access_token) == {PROFILE}
    again = await refreshed(scene, second.refresh_token)
    assert await live_asks(scene, again["access_token"]) == {PROFILE}
    assert [each.id for each in await usable(scene, first.grant_id)] == [await family_of(scene, second)]
    assert (await verified(scene.house)).bad == []


@SQLITE
async def test_it_is_recorded_in_the_name_of_who_did_it(scene: Scene) -> None:
    """One record of the person's, with the family and no more; what was ended before is nothing to change."""
    given = await agreed(scene, PROFILE)
    family_id = await family_of(scene, given)
    await end_family(scene.house, given.grant_id, family_id, owner(scene), request_id="rid_1")
    with pytest.raises(Refusal, match="nothing_to_change"):
        await end_family(scene.house, given.grant_id, family_id, owner(scene))
    (record,) = await list_records(scene.house, kinds=[Kind.FAMILY_ENDED])
    assert record.facts == {"grant": given.grant_id, "family": family_id, "cause": "ended_by_person"}
    assert (record.actor, record.app_id, record.account_id) == (owner(scene), scene.app.id, scene.account.id)
    assert {part.name for part in record.part_digests} == {"identity", "evidence"}


@SQLITE
async def test_who_may(scene: Scene) -> None:
    """A holder of the account, for a family of this very grant; a connection key ends as the key that it is."""
    given, elsewhere = await agreed(scene, PROFILE), await agree(scene, app=scene.public_app)
    family_id, other_grant = await family_of(scene, given), GrantId(str(elsewhere.grant_id))
    made = await make_credential(scene.house, NewCredential(given.grant_id, scene.owner.id, "Quầy (mẫu)"))
    for attempt in (
        end_family(scene.house, given.grant_id, family_id, other_owner(scene)),
        end_family(scene.house, GrantId("gr_x"), family_id, owner(scene)),
        end_family(scene.house, given.grant_id, "fa_x", owner(scene)),
        end_family(scene.house, other_grant, family_id, owner(scene)),
        end_family(scene.house, given.grant_id, made.credential.family_id, owner(scene)),
    ):
        with pytest.raises(Refusal, match="not_found"):
            await attempt
    assert await live_asks(scene, given.access_token) == {PROFILE}
    assert [each.id for each in await usable(scene, given.grant_id)] == [family_id]


async def test_what_can_still_be_used_is_listed(scene: Scene) -> None:
    """From the code on, as long as a token lives; what ended stands apart, newest first."""
    waiting = await agree(scene, frozenset({PROFILE, PHONE}), duration="P90D")
    grant_id = GrantId(str(waiting.grant_id))
    (code,) = await usable(scene, grant_id)
    assert (code.redirect_uri, code.last_token_at, len(code.permission_ids)) == (REDIRECT_URI, None, 2)
    scene.clock.advance(CODE_LASTS)
    assert await usable(scene, grant_id) == []
    older, newer = [await agreed(scene, PROFILE) for _ in range(2)]
    scene.clock.advance(ACCESS_LASTS)
    found = await usable(scene, grant_id)
    assert {each.id for each in found} == {await family_of(scene, older), await family_of(scene, newer)}
    await refreshed(scene, newer.refresh_token)
    assert {each.last_token_at for each in await usable(scene, grant_id)} == {
        scene.clock.now(),
        scene.clock.now() - ACCESS_LASTS,
    }
    scene.clock.advance(REFRESH_IDLE - ACCESS_LASTS)
    assert [each.id for each in await usable(scene, grant_id)] == [await family_of(scene, newer)]
    await revoke(scene.house, scene.app, newer.refresh_token)
    await end_family(scene.house, grant_id, code.id, owner(scene))
    async with scene.house.storage.read() as connection:
        ended = await chains.list_ended(connection, grant_id, 100)
        assert await chains.list_ended(connection, grant_id, 1) == ended[:1]
    assert {each.id for each in ended} == {code.id, await family_of(scene, newer)}
    assert all(each.ended_at == scene.clock.now() for each in ended)


@pytest.mark.parametrize("way", ["refresh", "end"])
async def test_eight_at_once(scene: Scene, way: str) -> None:
    """Against refreshes, or ends again: whoever comes first, afterwards nothing of it lives and one end is recorded."""
    for _ in range(ROUNDS):
        given = await agreed(scene, PROFILE)
        family_id = await family_of(scene, given)
        before = len(await list_records(scene.house, kinds=[Kind.FAMILY_ENDED]))
        ends = [end_family(scene.house, given.grant_id, family_id, owner(scene)) for _ in range(1 + 7 * (way == "end"))]
        refreshes = [refreshed(scene, given.refresh_token) for _ in range(7 * (way == "refresh"))]
        results = await asyncio.gather(*ends, *refreshes, return_exceptions=True)
        refused = [each for each in results if isinstance(each, BaseException)]
        assert all(isinstance(each, Refusal) for each in refused), refused
        assert {str(each.reason) for each in refused if isinstance(each, Refusal)} <= {
            "nothing_to_change",
            "invalid_grant",
        }
        tokens = [each["access_token"] for each in results if isinstance(each, dict)]
        assert [await live_asks(scene, token) for token in (given.access_token, *tokens)] == [set()] * (1 + len(tokens))
        assert len(await list_records(scene.house, kinds=[Kind.FAMILY_ENDED])) == before + 1
        scene.clock.advance(timedelta(seconds=1))
    assert (await verified(scene.house)).bad == []
