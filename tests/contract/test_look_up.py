"""An operator's look: recorded for whoever was looked at, or nothing is shown (R55)."""

import pytest

from gateway.acts.decide import Answer, decide
from gateway.acts.look_up import Looker, look_up_person, look_up_record
from gateway.acts.open_request import Asked, open_request
from gateway.acts.show_request import show_request
from gateway.acts.suspend import suspend_app
from gateway.records.ledger import reading, timeline
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.reasons import Reason
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal
from tests.house import CHALLENGE, REDIRECT_URI, Scene, agree

REASON = Reason.parse("Khiếu nại 12 (mẫu)")


async def list_looks(scene: Scene) -> list[str]:
    """Name whom the log says was looked at, newest first."""
    async with scene.house.storage.read() as connection:
        records = await reading.list_records(connection, reading.Search(kinds=[Kind.LOOKED_UP]), 10)
    return [str(record.facts.get("person", "nobody")) for record in records]


async def test_a_look_at_a_record_opens_names_and_tells_each(scene: Scene) -> None:
    """Who decided is shown to the operator, and the look stands in the log under that person."""
    decided = await agree(scene)
    looker = Looker(scene.other_owner.id, REASON)
    opened = await look_up_record(scene.house, decided.recorded.record_id, looker)
    assert opened == {scene.owner.id: {"login": scene.owner.login, "name": scene.owner.name}}
    assert await list_looks(scene) == [scene.owner.id]


async def test_a_record_that_names_nobody_shows_and_records_nothing(scene: Scene) -> None:
    """An operator's act on an app concerns no person; an unknown record neither."""
    await suspend_app(scene.house, scene.app.id, Actor.system(), reason="kiểm tra (mẫu)")
    async with scene.house.storage.read() as connection:
        (record,) = await reading.list_records(connection, reading.Search(kinds=[Kind.APP_SUSPENDED]), 1)
    for record_id in (record.record_id, "lr_unknown"):
        with pytest.raises(Refusal, match="not_found"):
            await look_up_record(scene.house, record_id, Looker(scene.other_owner.id, REASON))
    assert await list_looks(scene) == []


async def test_who_was_erased_is_not_named_any_more(scene: Scene) -> None:
    """Their key is gone: the record stays, the name does not, and there is nobody to tell."""
    decided = await agree(scene)
    scene.house.ledger.person_keys.destroy(scene.owner.id, "identity")
    opened = await look_up_record(scene.house, decided.recorded.record_id, Looker(scene.other_owner.id, REASON))
    assert opened == {}
    assert await list_looks(scene) == []


async def test_a_search_for_a_person_tells_that_person(scene: Scene) -> None:
    """Found by login and recorded; a search for a login that nobody has is refused, and recorded too."""
    looker = Looker(scene.other_owner.id, REASON)
    assert (await look_up_person(scene.house, scene.owner.login, looker)).id == scene.owner.id
    with pytest.raises(Refusal, match="not_found"):
        await look_up_person(scene.house, "nobody", looker)
    assert await list_looks(scene) == ["nobody", scene.owner.id]
    async with scene.house.storage.read() as connection:
        for person in (scene.owner, scene.other_owner):  # the one who looked was looked at by nobody
            looks = await timeline.list_looks(connection, person.id, 10, since=None, before=None)
            assert len(looks) == (person is scene.owner)


async def test_an_ask_that_was_refused_before_linking_is_found(scene: Scene) -> None:
    """A refusal that no grant holds names its asks too; another app's ask of that name is another."""
    asked = Asked(scene.app.id, (AskId("crm_name"), AskId("crm_phone")), REDIRECT_URI, "s", CHALLENGE)
    request = await open_request(scene.house, asked)
    await show_request(scene.house, request.id, scene.other_owner.id)
    answer = Answer(scene.other_owner.id, None, frozenset(), None, "Chữ đã hiện (mẫu)", "vi")
    refused = await decide(scene.house, request.id, answer)
    for ask, apps, found in (
        ("crm_phone", [scene.app.id], [refused.recorded.record_id]),
        ("crm_name", [scene.app.id], [refused.recorded.record_id]),
        ("crm_phone", [scene.public_app.id], []),
        ("crm", [scene.app.id], []),
        ("refused_asks", [scene.app.id], []),
    ):
        wanted = reading.Search(matching=[reading.AnyOf(asks={AskId(ask): apps})])
        async with scene.house.storage.read() as connection:
            assert [each.record_id for each in await reading.list_records(connection, wanted, 9)] == found, ask
