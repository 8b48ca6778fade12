"""What every handler of the person's door works with, and how it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from gateway.acts import House
from gateway.authority.limits import Limits
from gateway.doors import VISITOR, Clerk, Porter
from gateway.doors.person.form_cookie import FormCookie
from gateway.doors.person.provider import SignInProvider
from gateway.doors.person.views_consent import Keeper
from gateway.ground.vault.passwords import Passwords
from gateway.ground.web.assets import Assets
from gateway.ground.web.csrf import check_form, form_token
from gateway.ground.web.forms import Form, read_form
from gateway.ground.web.responses import see_other
from gateway.platforms import Connector
from gateway.platforms.zalo.followers import ZaloFollowers
from gateway.terms.refusal import Refusal
from scopes import Catalogue


@dataclass(frozen=True, slots=True)
class PersonDoor(Clerk):
    """The parts behind the person's door, which hands out its own pages; `gateway/server` puts them together.

    Args (beside the clerk's):
        connectors: the platforms that this gateway serves, by slug.
        retention_days: at least how long evidence of what people decided is kept, as they are told.
        providers: where people may sign in beside the password form.
        followers: by platform, what tells who of an account's followers a person is.
        cool_down_days: for how long a refused ask is not asked again by the same app (R17).
    """

    house: House
    porter: Porter
    assets: Assets
    catalogue: Catalogue
    limits: Limits
    passwords: Passwords
    connectors: Mapping[str, Connector]
    keeper: Keeper
    retention_days: int
    providers: tuple[SignInProvider, ...] = ()
    followers: Mapping[str, ZaloFollowers] = field(default_factory=dict)
    cool_down_days: int = 30

    @property
    def form_cookie(self) -> FormCookie:
        """The cookie that forms rest on before anyone is signed in."""
        return FormCookie(self.is_https)

    def find_provider(self, slug: str) -> SignInProvider | None:
        """Find the provider that a form or an address names."""
        return next((each for each in self.providers if each.slug == slug), None)

    def now(self) -> datetime:
        """Return the time."""
        return self.house.clock.now()

    def leave(self, checked_url: str) -> web.Response:
        """Send the browser away, to an address that was checked before: an app's redirect URI, a platform's page."""
        return see_other(checked_url, is_https=self.is_https)

    async def recognise(self, request: web.Request) -> None:
        """Note who is signed in, on a page that anyone may see."""
        visitor = await self.porter.find_visitor(request)
        if visitor is not None:
            request[VISITOR] = visitor

    async def read_form(self, request: web.Request, *, secret: str | None = None, is_typed: bool = True) -> Form:
        """Read a form that one of our own pages sent; `secret` is what its token follows from without a session.

        `is_typed` is of the ground: what was pasted is judged byte for byte.

        Raises:
            Refusal: `csrf_failed`, or as `read_form` of the ground says.
        """
        visitor = request.get(VISITOR)
        held = visitor.raw_session if secret is None and visitor else secret
        form = await read_form(request, is_typed=is_typed)
        if not held:
            raise Refusal("csrf_failed", log_detail="the browser holds no cookie that a form could rest on")
        expected = form_token(held)
        check_form(request.headers, own_origin=self.public_url, expected=expected, given=form.find("csrf_token"))
        return form
