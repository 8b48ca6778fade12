"""What a person has linked: accounts, the state of each connection, how many apps hold something there.

An account has a connection for each upstream app that it was linked under: the gateway's own, and those that apps
brought.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aiohttp import web

from gateway.doors import lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import account_view
from gateway.doors.person.unopened import list_unopened
from gateway.doors.person.views import AccountView
from gateway.doors.person.views_access import ConnectionRow
from gateway.ground.storage.rows import list_readable
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import SELF, Account, Connection, ConnectionState
from gateway.records.apps import store as apps
from gateway.records.apps import upstreams
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.terms.ids import GATEWAYS_OWN, AppId, UpstreamAppId


@dataclass(frozen=True, slots=True)
class _Brought:
    """The upstream apps that apps brought, and what those apps are called."""

    by_id: Mapping[UpstreamAppId, UpstreamApp]
    names: Mapping[AppId, str]

    def used_by(self, app_id: AppId, platform: str) -> UpstreamAppId:
        """Say through which one an app's calls on a platform go."""
        found = (each.id for each in self.by_id.values() if (each.app_id, each.platform) == (app_id, platform))
        return next(found, GATEWAYS_OWN)

    def name_of(self, upstream_id: UpstreamAppId) -> str:
        """Name the app that brought it; "" for the gateway's own."""
        known = self.by_id.get(upstream_id)
        return plain(self.names.get(known.app_id, known.app_id)) if known else ""


async def read_rows(door: PersonDoor, request: web.Request) -> tuple[list[AccountView], list[ConnectionRow], list[str]]:
    """Read every account that the visitor may decide for, newest first, the rows of each, and what cannot be read."""
    person, now, lang = visitor_of(request).person, door.now(), lang_of(request)
    async with door.house.storage.read() as connection:
        everything = await accounts.list_held(connection, person.id, now)
        held = [pair for pair in everything if pair[0].parent_id is None]
        account_ids = [account.id for account, _ in held]
        links = await accounts.list_connections(connection, account_ids)
        ids = await accounts.list_connection_ids(connection, account_ids)
        ever_given = await grants.list_of_accounts(connection, account_ids)
        known = {each.id: each for each in await upstreams.list_all(connection)}
        named = await list_readable(
            [each.app_id for each in known.values()], lambda each: apps.find(connection, each), kind="app"
        )
    brought = _Brought(known, {each.id: each.name for each in named})
    given = [each for each in ever_given if each.live(now)]
    views: list[AccountView] = []
    rows: list[ConnectionRow] = []
    for account, standing in reversed(held):
        view = account_view(door.catalogue, account, lang, standing=standing)
        views.append(view)
        own = [link for link in links if link.account_id == account.id]
        made = _rows(view, account, own, given=given, brought=brought)
        rows += [replace(row, is_own=standing.role == SELF) for row in made]
    read = {link.id for link in links}
    told = await _with_unopened(door, rows, ever_given, brought=brought, lang=lang)
    return views, told, [plain(each) for each in ids if each not in read]


async def _with_unopened(
    door: PersonDoor, rows: Iterable[ConnectionRow], given: Iterable[Grant], *, brought: _Brought, lang: Lang
) -> list[ConnectionRow]:
    """Add to each live connection what the platform did not open through it, whether its apps may still call or not."""
    done: list[ConnectionRow] = []
    async with door.house.storage.read() as connection:
        for row in rows:
            slug, through = row.platform_slug, [each for each in given if each.account_id == row.account.id]
            through = [each for each in through if brought.used_by(each.app_id, slug) == row.upstream_id]
            platform = door.catalogue.platforms.get(slug)
            if row.state != "live" or platform is None:
                done.append(row)
                continue
            told = await list_unopened(connection, platform, through, now=door.now(), lang=lang)
            done.append(replace(row, unopened=told))
    return done


def _rows(
    view: AccountView, account: Account, links: Iterable[Connection], *, given: Iterable[Grant], brought: _Brought
) -> Iterable[ConnectionRow]:
    """Make a row for each connection, and for each upstream app through which an app waits to be let in."""
    used = [brought.used_by(grant.app_id, account.platform) for grant in given if grant.account_id == account.id]
    found = {link.brought_id: link for link in links}
    for upstream_id in [*found, *sorted({*used} - {*found, GATEWAYS_OWN})]:
        link, through = found.get(upstream_id), brought.name_of(upstream_id)
        since, live = _since(link), used.count(upstream_id)
        yield ConnectionRow(view, account.platform, _state(link), since, live, upstream_id, through)


def _since(link: Connection | None) -> datetime | None:
    """Say since when it is so: a live one since it was linked, whatever was renewed meanwhile."""
    if link is None:
        return None
    return link.changed_at if link.state is ConnectionState.LOST else link.linked_at


def _state(link: Connection | None) -> Literal["live", "lost", "none"]:
    if link is None:
        return "none"
    return "lost" if link.state is ConnectionState.LOST else "live"
