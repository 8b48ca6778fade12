"""What every handler of the developers' console works with."""

from dataclasses import dataclass

from aiohttp import web

from gateway.acts import House
from gateway.doors import Clerk, visitor_of
from gateway.ground.web.csrf import check_form
from gateway.ground.web.forms import Form, read_form
from scopes import Catalogue


@dataclass(frozen=True, slots=True)
class DevelopersDoor:
    """The parts behind the developers' console; `gateway/server/doors.py` puts them together.

    Args:
        is_on_loopback: the gateway is on this machine alone, so that endpoints of apps may be too.
    """

    house: House
    clerk: Clerk
    catalogue: Catalogue
    is_on_loopback: bool = False

    async def read_form(self, request: web.Request) -> Form:
        """Read a form that one of our own pages sent.

        Raises:
            Refusal: `csrf_failed`, or as `read_form` of the ground says.
        """
        form = await read_form(request)
        expected = visitor_of(request).form_token
        own_origin = self.clerk.public_url
        check_form(request.headers, own_origin=own_origin, expected=expected, given=form.find("csrf_token"))
        return form
