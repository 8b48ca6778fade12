"""Filling the demo as people would: the second owner signs in, links an OA, agrees to the first app, over HTTP."""

import re
from html import unescape
from urllib.parse import urljoin

from aiohttp import ClientSession, CookieJar

_FIELD = re.compile(r'name="csrf_token" value="([^"]+)"')
_ACCOUNT = re.compile(r'name="account" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


class WalkFailed(Exception):
    """A page was not what a person would have found there; the text says which."""


class Walker:
    """A browser without a screen: follows redirects, keeps cookies, sends the forms that it finds."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self.url = ""
        self.page = ""

    async def get(self, url: str) -> None:
        """Open a page, wherever it leads."""
        async with self._session.get(url) as answer:
            self.url, self.page = str(answer.url), await answer.text()
            self._check(answer.status)

    async def send(self, target: str, fields: list[tuple[str, str]]) -> None:
        """Send a form to `target`, seen from the page that is open, and follow where it leads."""
        async with self._session.post(urljoin(self.url, target), data=fields) as answer:
            self.url, self.page = str(answer.url), await answer.text()
            self._check(answer.status)

    def find(self, pattern: re.Pattern[str]) -> str:
        """Return what the pattern names on this page."""
        found = pattern.search(self.page)
        if found is None:
            raise WalkFailed(f"{self.url} lacks {pattern.pattern}")
        return unescape(found[1])

    def token(self) -> tuple[str, str]:
        """Return the form token of this page."""
        return ("csrf_token", self.find(_FIELD))

    def hidden(self) -> list[tuple[str, str]]:
        """Return the hidden fields of this page."""
        return [(name, unescape(value)) for name, value in _HIDDEN.findall(self.page)]

    def _check(self, status: int) -> None:
        if status >= 400:
            raise WalkFailed(f"{self.url} answered {status}")


async def sign_in_and_link(walker: Walker, gateway: str, *, login: str, password: str, oa_id: str) -> None:
    """Sign in and link an OA through the platform's own pages."""
    await walker.get(f"{gateway}/sign-in?return_to=/connections")
    fields = [walker.token(), ("login", login), ("password", password), ("return_to", "/connections")]
    await walker.send("/sign-in", fields)
    await walker.send("/connections", [walker.token(), ("platform", "zalo")])
    allowed = [*walker.hidden(), ("oa_id", oa_id), ("agree", "1"), ("allow", "1")]
    await walker.send(walker.url.partition("?")[0], allowed)


async def agree(walker: Walker, sample_app: str, *, client_id: str, asks: list[str], duration: str) -> None:
    """Connect the sample app and agree to these asks."""
    await walker.get(f"{sample_app}/connect?app={client_id}")
    fields = [walker.token(), ("account", walker.find(_ACCOUNT)), ("duration", duration), ("decision", "agree")]
    await walker.send(walker.url, [*fields, *[("ask", ask) for ask in asks]])
    if not walker.url.startswith(sample_app):
        raise WalkFailed(f"the consent ended at {walker.url}")


def open_session() -> ClientSession:
    """Return a browser's session that keeps cookies of loopback addresses."""
    return ClientSession(cookie_jar=CookieJar(unsafe=True))
