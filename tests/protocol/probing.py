"""A probe: one request, and the answer that an RFC asks for, from whichever server it is sent to.

What differs between servers (ids, secrets, codes, tokens) stands in the request as `{name}` and is asked of the server
that is probed: a row of the table is data, and the same for both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc.jwk import Key

from tests.protocol.proofs import KEY, claims_of, signed, unsigned
from tests.protocol.wire import Reply

_NAMED = re.compile(r"\{(\w+)\}")
_OUTSIDE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
Pairs = tuple[tuple[str, str], ...]


class Server(Protocol):
    """A server under probe."""

    def url(self, endpoint: str) -> str:
        """Return where an endpoint is, by its own metadata."""
        ...

    def now(self) -> float:
        """Return its time."""
        ...

    async def send(self, method: str, url: str, body: bytes, headers: Pairs) -> Reply:
        """Send one request; redirects are not followed."""
        ...

    async def fact(self, name: str) -> str:
        """Return a fresh value of this name: an id, a credential, a code, a token."""
        ...

    async def nonce(self) -> str:
        """Return a nonce for proofs."""
        ...


@dataclass(frozen=True)
class Proof:
    """A proof of a key (RFC 9449) and what is wrong with it. `count`: how many headers; `raw`: no proof at all."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    key: Key = field(default_factory=lambda: KEY)
    shift_seconds: float = 0
    count: int = 1
    has_nonce: bool = True
    is_signed: bool = True
    raw: str = ""

    async def make(self, server: Server, endpoint: str) -> str:
        """Return it for a POST to an endpoint."""
        nonce = {"nonce": await server.nonce()} if self.has_nonce else {}
        claims = claims_of(server.now() + self.shift_seconds, server.url(endpoint), **{**nonce, **self.claims})
        if self.raw:
            return self.raw
        if not self.is_signed:
            return unsigned({"typ": "dpop+jwt", "jwk": self.key.as_dict(private=False), **self.header}, claims)
        return signed(claims, self.key, **self.header)


@dataclass(frozen=True)
class Wanted:
    """What must come back.

    Args:
        status: one of these.
        error: OAuth's word, in the body or in the redirect's query; empty: none; None: any.
        headers: names, and what each value holds (empty: it is there).
        body: the whole body, as JSON.
        absent: headers that must not be there.
    """

    status: int | tuple[int, ...]
    error: str | None = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    absent: tuple[str, ...] = ()

    def list_faults(self, reply: Reply) -> list[str]:
        """Return what is not so."""
        statuses = (self.status,) if isinstance(self.status, int) else self.status
        faults = [] if reply.status in statuses else [f"status {reply.status}, not {statuses}"]
        if self.error is not None and find_error(reply) != self.error:
            faults.append(f"error {find_error(reply)!r}, not {self.error!r}")
        faults += [
            f"header {name}: {reply.headers.get(name)!r}"
            for name, part in self.headers.items()
            if part.lower() not in reply.headers.get(name, "\0").lower()
        ]
        faults += [f"header {name} is there" for name in self.absent if name in reply.headers]
        if _OUTSIDE.search(find_error(reply, "error_description")):
            faults.append("error_description holds what it may not")
        if self.body is not None and reply.json != self.body:
            faults.append(f"body {reply.body!r}")
        return faults


@dataclass(frozen=True)
class Differs:
    """The known-good server answers otherwise, and why ours is right, by requirement."""

    wanted: Wanted
    why: str


@dataclass(frozen=True)
class Probe:
    """A row of the table. `requirement` are numbers of the checklist."""

    requirement: str
    name: str
    endpoint: str
    wanted: Wanted
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    media: str = "application/x-www-form-urlencoded"
    query: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""
    proof: Proof | None = None
    times: int = 1
    oracle: Differs | None = None

    def __str__(self) -> str:
        """Name it, as a test's id."""
        return f"{self.requirement}-{self.endpoint}-{self.name}".replace(" ", "_")


def find_error(reply: Reply, name: str = "error") -> str:
    """Return OAuth's error word (or its description), wherever it stands."""
    if "Location" in reply.headers:
        parts = urlsplit(reply.location)
        return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True)).get(name, "")
    if reply.headers.get("Content-Type", "").startswith("application/json") and reply.body:
        return str(reply.json.get(name, ""))
    return ""


async def send(server: Server, probe: Probe) -> Reply:
    """Send a probe, as often as it says; return the last answer."""
    fields = [(name, await _filled(server, value)) for name, value in probe.fields.items()]
    body = (await _filled(server, probe.raw)).encode() if probe.raw else urlencode(fields).encode()
    headers = [(name, await _filled(server, value)) for name, value in probe.headers.items()]
    if body:
        headers.append(("Content-Type", probe.media))
    if probe.proof is not None:
        headers += [("DPoP", await probe.proof.make(server, probe.endpoint)) for _ in range(probe.proof.count)]
    query = urlencode([(name, await _filled(server, value)) for name, value in probe.query.items()])
    url = server.url(probe.endpoint) + (f"?{query}" if query else "")
    for _ in range(probe.times - 1):
        await server.send(probe.method, url, body, tuple(headers))
    return await server.send(probe.method, url, body, tuple(headers))


async def _filled(server: Server, text: str) -> str:
    for name in _NAMED.findall(text):
        text = text.replace(f"{{{name}}}", await server.fact(name), 1)
    return text
