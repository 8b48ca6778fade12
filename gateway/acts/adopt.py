"""Adopt: what the document at a client_id says becomes what the register says; another identity asks people anew."""

import asyncio
from dataclasses import replace

from gateway.acts import House
from gateway.acts.recording import why_another
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import BEFORE_RESTORE, App, AppState, Ask
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.requests import store as requests
from gateway.terms.refusal import Refusal


@shielded
async def adopt(house: House, app: App, asks: list[Ask], *, statement: Statement) -> None:
    """Take over a statement that was just read: a new app, the same as before, or another one.

    Where keys, client authentication or redirect URIs are others, everything that stands about the app is to be
    confirmed anew: before the new ones count, and once more for what was decided meanwhile on the old ones. Open
    requests end. What a crash leaves over `expire` finishes. A reading that began before the one that counts is left
    alone: it may be of an older document.

    Raises:
        Unavailable: as `House.change_grant` says; the old statement may still be the current one.
    """
    async with house.storage.read() as connection:
        before = await statements.find_current(connection, app.id)
    if before is not None and before.read_at > statement.read_at:
        return
    if before is not None and before.identity != statement.identity:
        await _confirm_anew(house, statement)
    async with house.storage.unit() as unit:
        is_other = await _write(house, unit, app, asks, statement=statement)
        await unit.commit()
    if is_other:
        await _confirm_anew(house, statement)


async def _write(house: House, unit: UnitOfWork, app: App, asks: list[Ask], *, statement: Statement) -> bool:
    """Write what was read under the app's lock; say whether it is another app for whoever decided so far."""
    is_first = await apps.find(unit.connection, app.id, lock=True) is None
    if is_first and await unit.is_added(apps.add(unit.connection, await _as_it_was_left(house, app), asks)):
        await statements.put(unit.connection, statement)
        return False
    await apps.find(unit.connection, app.id, lock=True)
    current = await statements.find_current(unit.connection, app.id)
    if current is None or current.read_at > statement.read_at:
        return False
    if current.digest == statement.digest:
        await statements.renew(unit.connection, statement)
        return False
    await apps.describe(unit.connection, app)
    await statements.put(unit.connection, statement)
    if current.identity == statement.identity:
        return False
    await requests.close_of_app(unit.connection, app.id, statement.read_at)
    return True


async def _as_it_was_left(house: House, app: App) -> App:
    """Return a new app; one that was suspended before the database was put back is suspended still (I4)."""
    kept = await asyncio.to_thread(house.journal.read)
    if app.id not in kept.list_barred("app"):
        return app
    return replace(app, state=AppState.SUSPENDED, suspended_reason=BEFORE_RESTORE)


async def _confirm_anew(house: House, statement: Statement) -> None:
    async with house.storage.read() as connection:
        chosen = statements.decided_otherwise(statement.app_id, statement.identity)
        others = await grants.list_standing(connection, chosen)
    for grant_id in others:
        why = (await why_another(house, grant_id, statement)).to_facts()
        try:
            await house.change_grant(grant_id, Actor.system(), kind=Kind.RECONFIRM, transition=transitions.lapse, **why)
        except Refusal:
            continue  # somebody ended it meanwhile
