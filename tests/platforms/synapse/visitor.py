"""A person at the gateway's pages: keeps cookies, follows own redirects, sends only forms that a page holds."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlencode, urljoin

from aiohttp import ClientSession

from tests.platforms.synapse.forms import Fields, FormReader

_REDIRECTS: Final = frozenset({302, 303})


class Visitor:
    """One browser session.

    Args:
        http: keeps cookies, also of loopback addresses; closed by whoever opened it.
        origin: where people and OAuth are served.
    """

    def __init__(self, http: ClientSession, origin: str) -> None:
        self._http = http
        self._origin = origin
        self.url = origin
        self.status = 0
        self.page = ""
        self.left_to = ""

    async def get(self, target: str) -> None:
        """Open a page, wherever it leads on this origin; where it leads elsewhere stands in `left_to`."""
        await self._ask("GET", urljoin(self.url, target), [])

    async def send(self, *chosen: tuple[str, str]) -> None:
        """Fill in and send the one form of the open page that takes all of this."""
        fitting = [form for form in FormReader(self.page).forms if form.takes(chosen)]
        names = [name for name, _ in chosen]
        assert len(fitting) == 1, f"{len(fitting)} forms at {self.url} ({self.status}) take {names}"
        target, fields = urljoin(self.url, fitting[0].action), fitting[0].filled(chosen)
        if fitting[0].method == "GET":
            target, fields = f"{target.partition('?')[0]}?{urlencode(fields)}", []
        await self._ask(fitting[0].method, target, fields)

    async def sign_in(self, login: str, password: str) -> None:
        """Sign in and open the connections."""
        await self.get("/sign-in?return_to=/connections")
        await self.send(("login", login), ("password", password))
        assert (self.status, self.url) == (200, f"{self._origin}/connections")

    async def link(self, user_id: str, password: str) -> None:
        """Link a Matrix account on the connections' page, which stays open."""
        await self.get("/connections")
        await self.send(("platform", "matrix"), ("user_id", user_id), ("password", password))

    async def agree(self, asks: Collection[str]) -> None:
        """Tick these asks on the open consent screen, for a day, for the only account that it offers."""
        ticked = [("ask", ask) for ask in asks]
        await self.send(("account", self._get_account()), *ticked, ("duration", "P1D"), ("decision", "agree"))

    async def confirm(self) -> None:
        """Agree once more, after linking on the way, for the only account that is offered."""
        await self.send(("account", self._get_account()), ("decision", "agree"))

    async def change(self, grant_id: str, action: str, ask: str) -> None:
        """Withdraw, pause or resume one ask on its grant's page; a question whether one is sure is answered yes."""
        await self.get(f"/permissions/{grant_id}")
        await self.send(("ask", ask), ("action", action))
        if action == "withdraw":
            await self.send(("ask", ask), ("action", action), ("confirm", "yes"))
        assert self.status == 200

    def states(self, of: str) -> dict[str, str]:
        """Return what the open page says of each `of` (`ask`, `connection`, `trace`): its id and state."""
        return dict(re.findall(rf'data-{of}="([^"]+)" data-(?:state|result)="([^"]+)"', self.page))

    def _get_account(self) -> str:
        offered = {one.value for form in FormReader(self.page).forms for one in form.controls if one.name == "account"}
        assert len(offered) == 1, f"{len(offered)} accounts are offered at {self.url} ({self.status})"
        return offered.pop()

    async def _ask(self, method: str, url: str, fields: Fields) -> None:
        self.left_to = ""
        for _ in range(10):
            async with self._http.request(method, url, data=fields or None, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    self.url, self.status, self.page = url, answer.status, await answer.text()
                    return
                method, url, fields = "GET", urljoin(url, answer.headers["Location"]), []
            if not url.startswith(self._origin + "/"):
                self.left_to = url
                return
        raise AssertionError(f"{url} leads in circles")
