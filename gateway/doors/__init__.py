"""The doors: who comes in. Each parses, calls one act or query, renders.

Owns: HTTP in and out, one table of endpoints for each door, one table from refusals to the wire for each surface.
Must not know: how anything is changed; doors change records only through acts.
To add one more: a package with an `endpoints` function that returns its table; `gateway/server/doors.py` installs it.

What every door shares stands here: an endpoint's row, and who is at the door.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from gateway.ground.storage.storage import Storage
from gateway.ground.vault.tokens import hashed
from gateway.ground.web.cookies import SessionCookie
from gateway.ground.web.csrf import form_token
from gateway.records.people import seen
from gateway.records.people import store as people
from gateway.records.people.types import Person, Role, Session
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door: a person with a live session. `form_token` goes into the forms of their pages."""

    person: Person
    session: Session
    raw_session: str

    @property
    def form_token(self) -> str:
        """Return the token that every form of this session carries."""
        return form_token(self.raw_session)


VISITOR = web.RequestKey("visitor", Visitor)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of a door's table.

    Args:
        public: anyone may call it (it may still look who is there).
        roles: a signed-in person needs one of these; with neither `public` nor `roles` nor `own_check` start-up fails.
        own_check: the handler authenticates by another credential (client secret, access token) and says which.
    """

    method: str
    path: str
    handler: Handler
    public: bool = False
    roles: frozenset[Role] = frozenset()
    own_check: str = ""

    def __post_init__(self) -> None:
        """Refuse a row that says nothing, or two things, about who may."""
        if sum((self.public, bool(self.roles), bool(self.own_check))) != 1:
            raise ValueError(f"{self.method} {self.path}: say who may, once")


class Porter:
    """Recognises people by their session cookie and lets in who an endpoint admits."""

    def __init__(self, storage: Storage, clock: Clock, *, cookie: SessionCookie) -> None:
        self._storage = storage
        self._clock = clock
        self.cookie = cookie

    async def find_visitor(self, request: web.Request) -> Visitor | None:
        """Find who is signed in; None for everyone else.

        Raises:
            Unavailable: the database gave no answer.
        """
        raw_session = self.cookie.find(request)
        if raw_session is None:
            return None
        now = self._clock.now()
        async with self._storage.read() as connection:
            session = await people.find_session(connection, hashed(raw_session), now)
            person = await people.find(connection, session.person_id) if session else None
        if session is None or person is None:
            return None
        await seen.touch(self._storage, session, now)
        return Visitor(person, session, raw_session)

    def install(self, app: web.Application, endpoints: Iterable[Endpoint]) -> None:
        """Add a door's table to the application; each handler runs only for whom its row admits."""
        for endpoint in endpoints:
            app.router.add_route(endpoint.method, endpoint.path, self._guarded(endpoint))

    def _guarded(self, endpoint: Endpoint) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if endpoint.roles:
                visitor = await self.find_visitor(request)
                if visitor is None:
                    raise Refusal("sign_in_required")
                if not visitor.person.roles & endpoint.roles:
                    raise Refusal("forbidden")
                request[VISITOR] = visitor
            return await endpoint.handler(request)

        return guarded


def visitor_of(request: web.Request) -> Visitor:
    """Return who is signed in, on an endpoint that admits only people."""
    return request[VISITOR]
