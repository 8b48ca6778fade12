"""Which route a call means and whether it is what that route takes. Pure: bytes and facts in, a request out."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from gateway.authority.verdict import Verdict, Wanted
from gateway.doors.calls.coding import ACCEPTED
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.head import Head
from gateway.records.apps.types import Basis
from gateway.terms.refusal import Refusal
from scopes import BodyRefused, CheckedQuery, Match, Route, TargetRefused
from scopes.targets import parse_path

USER_AGENT = "Quyen"

_PLAIN = re.compile(r"[ -~]{1,1000}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes to the platform, written anew; the credential's headers are still missing.

    Args:
        method: of the route.
        target: path and query.
        headers: by allow-list.
        body: checked, empty for none.
        subjects: the people whom the call itself names.
        done_by: the opening scopes that what it sends needs.
        stream: the body where it is not held whole; headers say its type and length.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    subjects: frozenset[str] = field(default=frozenset(), repr=False)
    done_by: frozenset[str] = frozenset()
    stream: AsyncIterator[bytes] | None = field(default=None, repr=False)


def find_match(door: CallsDoor, head: Head) -> Match:
    """Find the route.

    Raises:
        Refusal: `bad_target`, `denied_route`, `unknown_route` (also a wrong method).
    """
    try:
        if head.platform not in door.connectors:
            parse_path(f"/{head.platform}")
            parse_path(head.raw_path)
            raise Refusal("unknown_route")
        return door.catalogue.match(head.platform, head.method, head.raw_path)
    except TargetRefused as refused:
        raise Refusal(refused.code, refused.detail) from refused


def wanted_of(match: Match, head: Head, *, body: bytes | None = None) -> Wanted:
    """Say what the verdict is asked about; the resources are known when everything that may name some was read."""
    route = match.route
    purpose = head.find("quyen-purpose")
    read = route.field_scopes | match.scopes_read(head.raw_query)
    is_known = body is not None or not route.has_resources_in_body
    named = match.resources_named(head.raw_query, body) if is_known else None
    return Wanted(route.platform_id, route.opened_by, read, purpose, route.fresh_seconds, named)


def is_by_contract(verdict: Verdict, scopes: frozenset[str]) -> bool:
    """Say whether what is open of some scopes about people is open by contract: nobody's word is needed (ADR 0031)."""
    return all(reach.basis == Basis.CONTRACT for reach in verdict.reach if reach.scope in scopes)


def limit_body(route: Route, head: Head) -> int:
    """Judge the announced body and return how many bytes of it may be read; 0 for none.

    Raises:
        Refusal: `bad_body`, `unsupported_media`, `too_large`.
    """
    if not head.announces_body:
        return 0
    if route.body is None:
        raise Refusal("bad_body", "this route takes no body")
    if "content-encoding" in head.headers:
        raise Refusal("unsupported_media", "a body is sent without a coding")
    try:
        route.body.check_media_type(head.find("content-type"))
    except BodyRefused as refused:
        raise Refusal(refused.code, refused.detail) from refused
    if int(head.find("content-length") or 0) > route.body.limit_bytes:
        raise Refusal("too_large", f"the body is larger than {route.body.limit_bytes} bytes")
    return route.body.limit_bytes


def check_query(match: Match, verdict: Verdict, head: Head) -> CheckedQuery:
    """Check the query, and that nobody is picked out by what each of them is asked about.

    Raises:
        Refusal: `bad_target`, `insufficient_scope` (a key or parameter that reads what a closed scope opens),
            `no_basis` (it picks people by what only their own word opens: which are found would tell it).
    """
    try:
        query = match.check_query(head.raw_query, verdict.open_scopes)
    except TargetRefused as refused:
        raise _refusal_of(refused) from refused
    if not is_by_contract(verdict, match.picks_by(query)):
        raise Refusal("no_basis")
    return query


def write_outgoing(match: Match, verdict: Verdict, head: Head, *, query: CheckedQuery, raw_body: bytes) -> Outgoing:
    """Check the body and whatever in the call names the account (I11), and write the whole request anew.

    Raises:
        Refusal: `bad_body`, `unsupported_media`, `too_large`, `insufficient_scope` (a part of the body that a closed
            scope opens), `bad_target` (it names another account).
    """
    route = match.route
    try:
        body = route.check_body(head.find("content-type"), raw_body, verdict.open_scopes)
    except BodyRefused as refused:
        raise _refusal_of(refused) from refused
    in_header = () if route.account_header is None else head.headers.get(route.account_header, ())
    if any(name != verdict.facts.external_id for name in (*in_header, *match.account_names(query, body))):
        raise Refusal("bad_target", "the call names another account than the grant's")
    headers = _pick_headers(route, head, has_body=bool(body))
    subjects, done_by = frozenset(match.subjects_named(query, body)), match.scopes_sent(body)
    return Outgoing(route.method, match.upstream_target(query), headers, body, subjects, done_by)


def _refusal_of(refused: TargetRefused | BodyRefused) -> Refusal:
    scopes = [] if refused.scope is None else [refused.scope]
    return Refusal(refused.code, refused.detail, scopes=scopes)


def _pick_headers(route: Route, head: Head, *, has_body: bool) -> dict[str, str]:
    # What the route lists, if it is plain text, and our own.
    sent = {name: head.find(name) for name in route.request_headers}
    headers = {name: value for name, value in sent.items() if value is not None and _PLAIN.fullmatch(value)}
    if not has_body:
        headers.pop("content-type", None)
    elif route.body is not None and route.body.is_json:
        headers["content-type"] = "application/json"
    headers["accept-encoding"] = "identity" if route.answer.is_binary else ACCEPTED
    headers["user-agent"] = USER_AGENT
    return headers
