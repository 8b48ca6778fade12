"""Linking an account, renewing its credential, losing it: on both databases, against a platform that tests command."""

import asyncio
import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from gateway.acts import House
from gateway.acts.expire import expire
from gateway.acts.link import Linked, abandon_link, finish_link, link_by_form, start_link
from gateway.acts.renew import lose, renew
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.entries import SealedCredential
from gateway.ground.vault.journal import Journal
from gateway.ground.vault.tokens import hashed
from gateway.platforms import Credential, Profile, Trouble
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import standing_facts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import LINK_ATTEMPT_LASTS, STANDING_LASTS, Account, Connection, ConnectionState
from gateway.records.ledger import reading
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import AccountId, PersonId
from gateway.terms.refusal import Refusal, Unavailable
from tests.contract.platform import StandInPlatform
from tests.contract.steps import ALL, PROFILE, agreed, get_states, keys_of, list_records, live_asks, verified
from tests.house import Scene


@pytest.fixture
def platform() -> StandInPlatform:
    """Return a platform with one account."""
    return StandInPlatform()


async def linked(scene: Scene, platform: StandInPlatform, person_id: PersonId | None = None) -> Account:
    """Let a person (the owner) go to the platform and come back."""
    chosen = person_id or scene.owner.id
    journey = await start_link(scene.house, platform, chosen, return_to="/permissions")
    done = await finish_link(scene.house, platform, chosen, raw_state=journey.raw_state, raw_code="code")
    return done.account


async def get_link(house: House, account_id: AccountId) -> Connection:
    """Read an account's connection."""
    async with house.storage.read() as connection:
        link = await accounts.find_connection(connection, account_id)
    assert link is not None
    return link


def opened(house: House, link: Connection) -> Credential:
    """Open a connection's credential."""
    return Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))


def journalled(house: House) -> list[tuple[int, str]]:
    """List the credentials in the journal: generation and access token, oldest first."""
    entries = [each for each in house.journal.read().entries if isinstance(each, SealedCredential)]
    places = [(each, credential_place(each.connection_id)) for each in entries]  # type: ignore[arg-type]
    return [
        (each.version, Credential.from_bytes(house.vault.open(each.sealed, place)).access_token)
        for each, place in places
    ]


async def test_linking_keeps_account_connection_and_standing(scene: Scene, platform: StandInPlatform) -> None:
    """The credential is sealed, in the database and in the journal; the record names the act and hides the name."""
    platform.expires_at = scene.clock.now() + timedelta(hours=25)
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/connections?x=1")
    done = await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="code-1")
    assert isinstance(done, Linked)
    assert (done.return_to, done.account.name, done.account.external_id) == (
        "/connections?x=1",
        "OA 77 (mẫu)",
        "4000000000000077",
    )
    ((code, verifier),) = platform.redeemed
    assert (code, create_s256_code_challenge(verifier)) == ("code-1", platform.sent[journey.raw_state])
    link = await get_link(scene.house, done.account.id)
    assert (link.generation, link.state, link.credential_expires_at) == (1, ConnectionState.LIVE, platform.expires_at)
    assert opened(scene.house, link).access_token == "access-1"
    assert b"access-1" not in link.sealed_credential
    assert journalled(scene.house) == [(1, "access-1")]
    async with scene.house.storage.read() as connection:
        standing = await accounts.find_standing(connection, done.account.id, scene.owner.id, scene.clock.now())
        held = await accounts.list_held(connection, scene.owner.id, scene.clock.now())
    assert standing is not None
    assert (standing.role, standing.proven_how, standing.lapses_at) == (
        "admin",
        "zalo_link",
        scene.clock.now() + STANDING_LASTS,
    )
    assert (done.account, standing) in held
    record, _ = await list_records(scene.house, kinds=[Kind.LINKED])  # the other is the scene's own
    assert record.facts["standings"] == [standing_facts(standing)]
    assert (record.account_id, record.actor.id) == (done.account.id, scene.owner.id)
    assert b"OA 77" not in record.canonical
    assert b"4000000000000077" not in record.canonical
    async with scene.house.storage.read() as connection:
        parts = await reading.open_parts(connection, record, keys_of(scene.house))
    assert parts["evidence"] == {"platform": "zalo", "external_id": "4000000000000077", "name": "OA 77 (mẫu)"}


async def test_a_state_is_good_for_one_return(scene: Scene, platform: StandInPlatform) -> None:
    """Eight returns at once: one links, and the platform saw one code."""
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    returns = [
        finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code=f"code-{number}")
        for number in range(8)
    ]
    outcomes = await asyncio.gather(*returns, return_exceptions=True)
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == ["link_state"] * 7
    assert len(platform.redeemed) == 1


async def test_a_journey_that_was_given_up_is_over(scene: Scene, platform: StandInPlatform) -> None:
    """Its person alone gives it up, once, and nobody goes it afterwards."""
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    with pytest.raises(Refusal, match="link_state"):
        await abandon_link(scene.house, platform, scene.other_owner.id, raw_state=journey.raw_state)
    await abandon_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state)
    with pytest.raises(Refusal, match="link_state"):
        await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="late")
    assert platform.redeemed == []


async def test_a_state_belongs_to_its_person_its_platform_and_ten_minutes(
    scene: Scene, platform: StandInPlatform
) -> None:
    """Another person's, an unknown, another platform's and a late state link nothing."""
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    with pytest.raises(Refusal, match="link_state"):
        await finish_link(scene.house, platform, scene.other_owner.id, raw_state=journey.raw_state, raw_code="stolen")
    with pytest.raises(Refusal, match="link_state"):
        await finish_link(scene.house, platform, scene.owner.id, raw_state="guess", raw_code="x")
    with pytest.raises(Refusal, match="link_state"):
        strange = StandInPlatform(platform="kiotviet")
        await finish_link(scene.house, strange, scene.owner.id, raw_state=journey.raw_state, raw_code="x")
    late = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    scene.clock.advance(LINK_ATTEMPT_LASTS)
    with pytest.raises(Refusal, match="link_state"):
        await finish_link(scene.house, platform, scene.owner.id, raw_state=late.raw_state, raw_code="x")
    assert platform.redeemed == []


async def test_a_state_and_verifier_rest_hashed_and_sealed(scene: Scene, platform: StandInPlatform) -> None:
    """Neither is in the database in the clear (I8), and both are letters and digits alone."""
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    async with scene.house.storage.unit() as unit:
        attempt = await accounts.redeem_attempt(
            unit.connection, hashed(journey.raw_state), scene.owner.id, scene.clock.now()
        )
    assert attempt is not None
    await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="x")
    ((_, verifier),) = platform.redeemed
    for word in (journey.raw_state, verifier):
        assert word.isalnum()
        assert len(word) == 43
        assert word.encode() not in attempt.hashed_state + attempt.sealed_verifier


async def test_a_platform_without_a_page_is_linked_by_a_form(scene: Scene, platform: StandInPlatform) -> None:
    """A wrong password links nothing."""
    platform.has_page = False
    with pytest.raises(Refusal, match="no_link_page"):
        await start_link(scene.house, platform, scene.owner.id, return_to="/")
    with pytest.raises(Refusal, match="platform_refused"):
        await link_by_form(scene.house, platform, scene.owner.id, answers={"user_id": "@a:b", "password": "wrong"})
    account = await link_by_form(
        scene.house, platform, scene.owner.id, answers={"user_id": "@a:b", "password": "right"}
    )
    assert opened(scene.house, await get_link(scene.house, account.id)).access_token == "access-1"


@pytest.mark.parametrize("failure", [Refusal("platform_refused"), Unavailable("zalo")])
async def test_a_platform_that_does_not_give_spends_the_journey(
    scene: Scene, platform: StandInPlatform, failure: Exception
) -> None:
    """Nothing is linked, and the person starts anew."""
    platform.failure = failure
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    with pytest.raises(type(failure)):
        await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="x")
    platform.failure = None
    with pytest.raises(Refusal, match="link_state"):
        await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="x")
    assert len(await list_records(scene.house, kinds=[Kind.LINKED])) == 1  # the scene's own


async def test_a_second_admin_shares_the_account(scene: Scene, platform: StandInPlatform) -> None:
    """One account, one connection with the newest credential, two standings; the name is today's."""
    first = await linked(scene, platform)
    platform.profile = replace(platform.profile, name="Tên mới (mẫu)")
    second = await linked(scene, platform, scene.other_owner.id)
    assert (second.id, second.name) == (first.id, "Tên mới (mẫu)")
    link = await get_link(scene.house, first.id)
    assert (link.generation, opened(scene.house, link).access_token) == (2, "access-2")
    assert journalled(scene.house) == [(1, "access-1"), (2, "access-2")]
    async with scene.house.storage.read() as connection:
        for person in (scene.owner, scene.other_owner):
            assert await accounts.find_standing(connection, first.id, person.id, scene.clock.now())


async def test_admins_who_link_at_the_same_moment_share_the_account(scene: Scene, platform: StandInPlatform) -> None:
    """Eight at once, of two people: one account, one connection of generation eight, and the last one's credential."""
    people = [scene.owner.id, scene.other_owner.id] * 4
    linked_accounts = await asyncio.gather(*[linked(scene, platform, person) for person in people])
    assert len({each.id for each in linked_accounts}) == 1
    link = await get_link(scene.house, linked_accounts[0].id)
    assert link.generation == 8
    assert dict(journalled(scene.house))[8] == opened(scene.house, link).access_token
    assert (await verified(scene.house)).is_ok


async def test_a_name_is_kept_in_one_spelling(scene: Scene, platform: StandInPlatform) -> None:
    """What the platform calls the account may be decomposed, or no Unicode at all."""
    name = "Trà sữa (mẫu)"
    platform.profile = Profile("5", unicodedata.normalize("NFD", name) + "\ud800", "admin")
    assert (await linked(scene, platform)).name == name + "?"


async def test_linking_again_does_not_revive_what_nobody_had_standing_for(
    scene: Scene, platform: StandInPlatform
) -> None:
    """The last standing lapsed, nobody wrote it down yet, and the owner links again: agreeing anew is needed (I4)."""
    platform.profile = replace(platform.profile, external_id=scene.account.external_id)
    given = await agreed(scene, duration="P365D")
    scene.clock.advance(STANDING_LASTS)
    assert (await linked(scene, platform)).id == scene.account.id
    assert await live_asks(scene, given.access_token) == set()
    assert set((await get_states(scene.house, given.grant_id)).values()) == {"reconfirm"}
    assert await expire(scene.house) == 0
    records = (await list_records(scene.house))[:2]
    assert [each.kind for each in records] == [Kind.LINKED, Kind.RECONFIRM]
    assert Because.of(records[1]) == Because(Cause.STANDING_LAPSED)
    scene.clock.advance(STANDING_LASTS)
    await linked(scene, platform, scene.other_owner.id)
    assert len(await list_records(scene.house, kinds=[Kind.RECONFIRM])) == 1
    assert (await verified(scene.house)).is_ok


async def test_linking_while_somebody_has_standing_ends_nothing(scene: Scene, platform: StandInPlatform) -> None:
    """Proving it again, and a second person's first proof, leave the grant alone."""
    platform.profile = replace(platform.profile, external_id=scene.account.external_id)
    given = await agreed(scene)
    await linked(scene, platform, scene.other_owner.id)
    await linked(scene, platform)
    assert await live_asks(scene, given.access_token) == ALL


async def test_linking_is_not_settled_until_the_journal_has_the_credential(
    scene: Scene, platform: StandInPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore would bring back a credential that the platform has ended."""
    monkeypatch.setattr(Journal, "append", _full_disk)
    with pytest.raises(Unavailable) as caught:
        await linked(scene, platform)
    assert caught.value.reason == "not_settled"


def _full_disk(*_given: object) -> None:
    raise OSError(28, "No space left on device")


async def test_one_renewal_serves_all_calls_that_found_the_credential_dead(
    scene: Scene, platform: StandInPlatform
) -> None:
    """Eight at once: the platform is asked once, all get generation two, and a late ninth too."""
    seen = await get_link(scene.house, (await linked(scene, platform)).id)
    renewed = await asyncio.gather(*[renew(scene.house, platform, seen) for _ in range(8)])
    renewed.append(await renew(scene.house, platform, seen))
    assert platform.renewals == 1
    assert {(each.generation, opened(scene.house, each).access_token) for each in renewed} == {(2, "access-2")}
    assert await get_link(scene.house, seen.account_id) == renewed[0]
    assert (await renew(scene.house, platform, renewed[0])).generation == 3


async def test_a_renewed_credential_is_in_the_journal_before_it_is_used(
    scene: Scene, platform: StandInPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails after the platform answered: nothing is lost, the next renewal finds it in the journal."""
    seen = await get_link(scene.house, (await linked(scene, platform)).id)

    def locked(_storage: Storage) -> object:
        raise Unavailable("database")

    with monkeypatch.context() as broken, pytest.raises(Unavailable):
        broken.setattr(Storage, "unit", locked)
        await renew(scene.house, platform, seen)
    assert journalled(scene.house)[-1] == (2, "access-2")
    assert (await get_link(scene.house, seen.account_id)).generation == 1
    renewed = await renew(scene.house, platform, seen)
    assert (renewed.generation, renewed.state) == (2, ConnectionState.LIVE)
    assert opened(scene.house, renewed).access_token == "access-2"


async def test_a_renewed_credential_is_kept_although_the_journal_fails(
    scene: Scene, platform: StandInPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exists nowhere else: the database has it, and the caller hears that a restore would lose it."""
    seen = await get_link(scene.house, (await linked(scene, platform)).id)
    with monkeypatch.context() as broken, pytest.raises(Unavailable) as caught:
        broken.setattr(Journal, "append", _full_disk)
        await renew(scene.house, platform, seen)
    assert caught.value.reason == "not_settled"
    assert opened(scene.house, await renew(scene.house, platform, seen)).access_token == "access-2"
    assert platform.renewals == 1


async def test_an_account_that_was_linked_anew_during_a_renewal_keeps_that_credential(
    scene: Scene, platform: StandInPlatform
) -> None:
    """The renewal's own result is dropped, and the journal's last word is the credential that holds."""
    account = await linked(scene, platform)
    seen = await get_link(scene.house, account.id)
    fresh = StandInPlatform(profile=platform.profile)
    fresh._count = 40

    async def link_anew() -> None:
        await linked(scene, fresh)

    platform.in_between = link_anew
    renewed = await renew(scene.house, platform, seen)
    assert (renewed.generation, opened(scene.house, renewed).access_token) == (2, "access-41")
    assert await get_link(scene.house, account.id) == renewed
    assert journalled(scene.house)[-1] == (2, "access-41")


async def test_a_refused_renewal_loses_the_connection(scene: Scene, platform: StandInPlatform) -> None:
    """Marked and recorded once, also when eight find it; linking again heals it, and its tokens never stopped."""
    account = await linked(scene, platform)
    seen = await get_link(scene.house, account.id)
    platform.failure = Refusal("platform_refused", log_detail="-14014")
    outcomes = await asyncio.gather(*[renew(scene.house, platform, seen) for _ in range(8)], return_exceptions=True)
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == ["connection_lost"] * 8
    assert platform.renewals == 1
    lost = await get_link(scene.house, account.id)
    assert (lost.state, lost.lost_reason) == (ConnectionState.LOST, "credential_refused")
    (record,) = await list_records(scene.house, kinds=[Kind.CONNECTION_LOST])
    assert (record.account_id, record.facts["reason"]) == (account.id, "credential_refused")
    platform.failure = None
    await linked(scene, platform)
    healed = await get_link(scene.house, account.id)
    assert (healed.state, healed.lost_reason, healed.generation) == (ConnectionState.LIVE, None, 2)


async def test_a_platform_that_does_not_answer_leaves_the_credential(scene: Scene, platform: StandInPlatform) -> None:
    """Nothing is lost; the next call tries again."""
    seen = await get_link(scene.house, (await linked(scene, platform)).id)
    platform.failure = Unavailable("zalo")
    with pytest.raises(Unavailable):
        await renew(scene.house, platform, seen)
    platform.failure = None
    assert (await renew(scene.house, platform, seen)).generation == 2


async def test_access_that_the_platform_took_back_is_recorded_once(scene: Scene, platform: StandInPlatform) -> None:
    """Eight calls see it; what saw an older credential says nothing about the newer."""
    seen = await get_link(scene.house, (await linked(scene, platform)).id)
    await asyncio.gather(*[lose(scene.house, seen, Trouble.ACCESS_REMOVED) for _ in range(8)])
    assert (await get_link(scene.house, seen.account_id)).lost_reason == "access_removed"
    assert len(await list_records(scene.house, kinds=[Kind.CONNECTION_LOST])) == 1
    with pytest.raises(Refusal, match="connection_lost"):
        await renew(scene.house, platform, seen)
    assert platform.renewals == 0
    await linked(scene, platform)
    await lose(scene.house, seen, Trouble.ACCESS_REMOVED)
    assert (await get_link(scene.house, seen.account_id)).state is ConnectionState.LIVE


async def test_an_unknown_connection_is_lost(scene: Scene, platform: StandInPlatform) -> None:
    """There is nothing to renew."""
    seen = await get_link(scene.house, scene.account.id)
    with pytest.raises(Refusal, match="connection_lost"):
        await renew(scene.house, platform, replace(seen, account_id=AccountId("ac_unknown")))


async def test_a_lost_connection_ends_no_grant(scene: Scene, platform: StandInPlatform) -> None:
    """People's decisions stand; calls say that the connection is lost."""
    given = await agreed(scene, PROFILE)
    seen = await get_link(scene.house, scene.account.id)
    await lose(scene.house, seen, Trouble.PERMISSION_LOST)
    assert await live_asks(scene, given.access_token) == {PROFILE}
