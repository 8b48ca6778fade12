"""Apps for a stage that hold exactly the scopes that a test names."""

import json
from itertools import count
from typing import Protocol

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import Asked, open_request
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.register import register_app
from gateway.acts.show_request import show_request
from gateway.records.apps.types import Basis
from gateway.records.ledger.types import Actor
from gateway.records.trace import store as traces
from gateway.records.trace.types import ClosedLine, Ending
from scopes import load_catalogue
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, Scene, app_of, ask_of
from tests.platforms.zalo.stage import AppCaller, Reply

EVERY_SCOPE = tuple(load_catalogue().platforms["zalo"].scopes)
_numbers = count(1)


class Staged(Protocol):
    """A stage, whichever platform it is of."""

    @property
    def scene(self) -> Scene:
        """The house and who is in it."""

    @property
    def app(self) -> AppCaller:
        """Some app that calls."""


async def app_with(stage: Staged, *scopes: str, basis: Basis = Basis.CONTRACT, **others: Basis) -> AppCaller:
    """Register an app that asks for these scopes, let the account's owner agree to them all; return its caller.

    `others` are the bases of asks by their ids, a scope's with `_` for each point.
    """
    house, app_id = stage.scene.house, f"app-{next(_numbers)}"
    app = app_of(f"Ứng dụng {app_id} (mẫu)", app_id, is_confidential=True, clock=house.clock)
    rows = [(scope.replace(".", "_"), scope, "crm", False) for scope in scopes]
    asks = [ask_of(app.id, row, others.get(row[0], basis)) for row in rows]
    await register_app(house, app, asks, Actor.system())
    names = tuple(ask.id for ask in asks)
    request = await open_request(house, Asked(app.id, names, REDIRECT_URI, "s", CHALLENGE))
    await show_request(house, request.id, stage.scene.owner.id)
    answer = Answer(
        stage.scene.owner.id, stage.scene.account.id, frozenset(names), DURATIONS["P30D"], "Chữ (mẫu)", "vi"
    )
    decided = await decide(house, request.id, answer)
    assert decided.raw_code is not None
    tokens = json.loads(await redeem(house, Redemption(app, decided.raw_code, VERIFIER, REDIRECT_URI, None)))
    return AppCaller(stage.app._http, stage.app.base, token=tokens["access_token"])


async def trace_of(stage: Staged, reply: Reply) -> tuple[str, Ending]:
    """Return the route of the trace line that an answer's call has, and how it ended."""
    async with stage.scene.house.storage.read() as connection:
        lines = await traces.list_lines(connection, traces.Filter(), 10_000)
    closed = [one for one in lines if isinstance(one, ClosedLine)]
    (found,) = (one for one in closed if one.line.request_id == reply.headers["X-Request-ID"])
    assert found.ending is not None
    return found.line.route, found.ending
