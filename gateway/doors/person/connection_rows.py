"""What a person has linked: accounts, the state of each connection, how many apps hold something there."""

from typing import Literal

from aiohttp import web

from gateway.doors import lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import account_view
from gateway.doors.person.views import AccountView
from gateway.doors.person.views_access import ConnectionRow
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import ConnectionState
from gateway.records.grants import store as grants


async def read_rows(door: PersonDoor, request: web.Request) -> tuple[list[AccountView], list[ConnectionRow]]:
    """Read every account that the visitor may decide for, newest first, and the row of each that has a connection."""
    person, now, lang = visitor_of(request).person, door.now(), lang_of(request)
    async with door.house.storage.read() as connection:
        everything = await accounts.list_held(connection, person.id, now)
        held = [pair for pair in everything if pair[0].parent_id is None]
        links = {account.id: await accounts.find_connection(connection, account.id) for account, _ in held}
        given = await grants.list_of_accounts(connection, [account.id for account, _ in held])
    views: list[AccountView] = []
    rows: list[ConnectionRow] = []
    for account, standing in reversed(held):
        view, link = account_view(door.catalogue, account, lang, standing=standing), links[account.id]
        views.append(view)
        if link is not None:
            live = sum(grant.account_id == account.id and bool(grant.live(now)) for grant in given)
            is_lost = link.state is ConnectionState.LOST
            state: Literal["live", "lost"] = "lost" if is_lost else "live"
            rows.append(ConnectionRow(view, account.platform, state, link.changed_at, live))
    return views, rows
