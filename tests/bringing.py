"""Consents that are brought in, in tests: rows as an operator writes them, through the admin door."""

from datetime import timedelta
from typing import Any

from gateway.doors.admin.commands import AdminDoor, perform
from gateway.doors.admin.of_age import Desk
from gateway.ground.web.local import HANOI
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.records.accounts import store as accounts
from gateway.terms.ids import GATEWAYS_OWN, AskId
from scopes import load_catalogue
from tests.house import Scene
from tests.stand_ins.followers import NOWHERE, GrownUps, open_nowhere
from tests.stand_ins.passwords import shared_passwords

BY = "Nguyễn Vận Hành (mẫu)"
EVIDENCE = "Phiếu 17/2026 (mẫu)"
FILE = "im_" + "0" * 22


def row_of(scene: Scene, person: str, ask: AskId, **changes: object) -> dict[str, Any]:
    """Return a good row; a change to None leaves its column empty."""
    row = {
        "platform": scene.account.platform,
        "account": scene.account.external_id,
        "person": person,
        "app": scene.app.id,
        "ask": ask,
        "evidence": EVIDENCE,
        "agreed_at": (scene.clock.now().astimezone(HANOI) - timedelta(days=200)).date().isoformat(),
        "duration": "P30D",
    }
    return {name: value for name, value in (row | changes).items() if value is not None}


async def run(scene: Scene, command: str, *rows: dict[str, Any], file: str = FILE) -> dict[str, Any]:
    """Run `consent check` or `consent import` on some rows; the platform calls everybody of age."""
    link = await accounts.look_up_connection(scene.house.storage, scene.account.id, GATEWAYS_OWN)
    async with open_nowhere() as http:
        grown_ups = GrownUps(http, link.upstream_app if link else "")
        upstream = ZaloUpstream(NOWHERE, NOWHERE, grown_ups.upstream_app, "x", NOWHERE)
        desk = Desk({"zalo": ZaloConnector(upstream, http, clock=scene.clock)}, {"zalo": grown_ups})
        return await run_at(scene, desk, command, *rows, file=file)


async def run_at(scene: Scene, desk: Desk, command: str, *rows: dict[str, Any], file: str = FILE) -> dict[str, Any]:
    """Run one of the two where platforms are asked about people at `desk`."""
    door = AdminDoor(scene.house, load_catalogue(), shared_passwords(), desk=desk)
    return await perform(door, command, {"file": file, "by": BY, "rows": list(rows)})


async def bring(scene: Scene, *rows: dict[str, Any]) -> list[str]:
    """Check some rows and bring them in; return what became of each, which is what was foretold."""
    checked = await run(scene, "consent check", *rows)
    assert checked["faults"] == []
    done = await run(scene, "consent import", *rows)
    assert done["outcomes"] == checked["outcomes"]
    outcomes: list[str] = done["outcomes"]
    return outcomes
