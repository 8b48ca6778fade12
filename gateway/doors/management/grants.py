"""How an app's grants stand, and how many: its own ids and asks, never an account, a person, or what was refused."""

from dataclasses import asdict

from aiohttp import web

from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.paging import read_page, render_page
from gateway.doors.management.problems import render_json
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.apps.types import App
from gateway.records.grants import store as grants
from gateway.records.grants.telling import tell_state
from gateway.records.grants.types import AskTally


async def list_grants(door: ManagementDoor, app: App, request: web.Request) -> web.Response:
    """`GET /v1/grants`: those that ever gave something, newest first, each as its latest notice would tell it."""
    limit, before = read_page(request)
    async with door.house.storage.read() as connection:
        told = accounts.counted_for_apps()
        found = await grants.list_of_app(connection, app.id, limit + 1, among=told, before=before)
    now = door.house.clock.now()
    lines = [{"grant_id": each.id, "version": each.version, "asks": tell_state(each, now)} for each in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return render_page(door, request, "grants", lines, last=(last.created_at, last.id) if last else None)


async def count_asks(door: ManagementDoor, app: App, _request: web.Request) -> web.Response:
    """`GET /v1/asks`: each ask, and how many permissions for it stand how."""
    async with door.house.storage.read() as connection:
        asks = await apps.list_asks(connection, app.id)
        told, now = accounts.counted_for_apps(), door.house.clock.now()
        tallies = await grants.count_by_ask(connection, app.id, now, among=told)
    lines = [
        {"ask": ask.id, "scope": ask.scope, "purpose": ask.purpose, **_given(tallies.get(ask.id, AskTally()))}
        for ask in asks
    ]
    return render_json({"asks": lines})


def _given(tally: AskTally) -> dict[str, int]:
    """Return the counts of what was given; who refused is not the app's to count by machine."""
    return {state: number for state, number in asdict(tally).items() if state != "refused"}
