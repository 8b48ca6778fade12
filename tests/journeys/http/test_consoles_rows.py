"""What a row of the operators' log says beside its title: why a grant is asked again, and which app that is."""

from sqlalchemy import update

from gateway.records.apps.tables import apps
from gateway.records.apps.types import AppOrigin
from gateway.records.grants import transitions
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.trace.types import Outcome
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser


async def test_why_a_grant_is_asked_again_is_told(consoles: Consoles, operator: Browser) -> None:
    """In the list and on the record's page, in words; a record that says no cause shows none."""
    scene = consoles.scene
    decided = await agree(scene)
    assert decided.grant_id is not None
    why = Because(Cause.APP_CHANGED, ("jwks", "redirect_uris")).to_facts()
    ended = await scene.house.change_grant(
        decided.grant_id, Actor.system(), kind=Kind.RECONFIRM, transition=transitions.lapse, **why
    )
    for path in ("/operators/log?q=action:reconfirm", f"/operators/log/{ended.recorded.record_id}"):
        assert "ứng dụng đã đổi khóa, nơi nhận câu trả lời" in (await operator.get(path)).words
    assert "ứng dụng đã đổi" not in (await operator.get("/operators/log?q=action:decided")).words


async def test_an_app_that_named_itself_is_told_apart(consoles: Consoles, operator: Browser) -> None:
    """In rows of the log and of the trace and on the pages behind them; an app that was checked bears no label."""
    decided = await agree(consoles.scene)
    line = await consoles.call(decided, Outcome.PASSED)
    behind = (f"/operators/log/{decided.recorded.record_id}", f"/operators/log/{line.id}")
    paths = ("/operators/log?q=action:decided", "/operators/log?q=source:trace", *behind)
    for path in paths:
        assert "Chưa xác minh" not in (await operator.get(path)).words, path
    async with consoles.scene.house.storage.unit() as unit:
        itself = {"origin": AppOrigin.ITSELF.value, "reviewed_at": None, "redirect_uris": ["https://return.example/cb"]}
        await unit.connection.execute(update(apps).where(apps.c.id == consoles.scene.app.id).values(**itself))
        await unit.commit()
    for path in paths:
        name = f"{consoles.scene.app.name} Chưa xác minh tên tự đặt · return.example"
        assert name in (await operator.get(path)).words, path
