"""From a written file to routes that can be called and events that can be told, and what is wrong with it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scopes.answers import Answer
from scopes.bodies import BodyNode, BodyRule
from scopes.denied import Denied, find_opened
from scopes.events import Event, compile_events
from scopes.leaving import check_left_out
from scopes.left_out import DeniedEntry
from scopes.matching import list_overlaps
from scopes.narrowing import check_kinds, check_resource, narrowed_by
from scopes.problems import Problem
from scopes.routes import Parameter, Route, Template
from scopes.rules import ValueRule
from scopes.selecting import check_picking, list_picking
from scopes.shapes import Handed, Shaping
from scopes.source import Place, Source
from scopes.trees import ANY, Branch, Node
from scopes.written import AnswerEntry, AnswerNode, PlatformFile, RouteEntry

_SEGMENT = re.compile(r"\{(?P<name>[a-z][a-z0-9_]*)\}|[A-Za-z0-9._~-]*")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a file came to."""

    routes: list[Route]
    denied: list[Denied]
    events: list[Event]
    problems: list[Problem]


def compile_file(source: Source, written: PlatformFile) -> Compiled:
    """Compile the routes and events of a file; gather what is wrong, so that one run shows it all."""
    shaping = Shaping(source, written)
    errors = None
    if written.error_fields:
        entry = AnswerEntry(fields=written.error_fields, scope=ANY)
        errors = _compile_answer(shaping, entry, place=("error_fields",), route=None)
    routes = [_compile_route(shaping, entry, index=index, errors=errors) for index, entry in enumerate(written.routes)]
    events = compile_events(shaping)
    _check_ids(shaping)
    _check_envelope(shaping)
    _check_scopes_open_something(shaping, routes, events)
    _check_words_to_whom_apps_write(shaping, routes, events)
    check_kinds(shaping, routes)
    for one, other in list_overlaps(routes):
        place = ("routes", next(index for index, route in enumerate(routes) if route is other), "path")
        shaping.add(place, f"overlaps the path of route {one.id}")
    for kind in ("answer_shapes", "body_shapes"):
        for name in getattr(written, kind):
            if f"{kind}.{name}" not in shaping.used:
                shaping.add((kind, name), "a shape that no route or event uses")
    denied = [_compile_denied(shaping, entry, routes, index=index) for index, entry in enumerate(written.denied)]
    check_left_out(shaping, [*routes, *events])
    return Compiled(routes, denied, events, shaping.problems)


def _compile_route(shaping: Shaping, entry: RouteEntry, *, index: int, errors: Answer | None) -> Route:
    place: Place = ("routes", index)
    for at, scope in enumerate(entry.opened_by):
        shaping.check_scope(scope, (*place, "opened_by", at))
    for key, key_rule in entry.query.keys.items():
        shaping.check_scope(key_rule.scope, (*place, "query", "keys", key, "scope"))
        check_resource(shaping, key_rule, (*place, "query", "keys", key))
    if entry.kind == "write":
        _check_write(shaping, entry, place)
    for name, rule in entry.params.items():
        shaping.check_scope(rule.scope, (*place, "params", name, "scope"))
        check_resource(shaping, rule, (*place, "params", name))
    templates = [
        _compile_template(shaping, entry.params, path=path, place=(*place, "path"))
        for path in (entry.path, *entry.also)
    ]
    names = {one.name for template in templates for one in template.segments if isinstance(one, Parameter)}
    for name in entry.params.keys() - names:
        shaping.add((*place, "params", name), "no path of this route holds this parameter")
    if shaping.written.account_header in entry.request_headers:
        shaping.add((*place, "request_headers"), "the header that names the account is the connector's to write")
    body = _compile_body(shaping, entry.body, entry.opened_by, place=(*place, "body"))
    answer = _compile_answer(shaping, entry.answer, place=(*place, "answer"), route=entry)
    check_picking(shaping, entry, answer, place=place)
    return Route(
        id=entry.id,
        platform_id=shaping.written.platform,
        method=entry.method,
        templates=tuple(templates),
        opened_by=frozenset(entry.opened_by),
        kind=entry.kind,
        sentence=entry.sentence,
        query=entry.query,
        body=body,
        request_headers=frozenset(entry.request_headers),
        limits=entry.limits,
        answer=answer,
        error_answer=errors,
        fresh_seconds={one.id: one.fresh_auth_seconds for one in shaping.written.scopes if one.fresh_auth_seconds},
        narrowed_by=narrowed_by(shaping, entry, answer),
        has_resources_in_body=body is not None and any(rule.resource for rule in body.list_rules()),
        account_header=shaping.written.account_header,
        serves_subject=entry.serves_subject,
        picking=list_picking(shaping, entry),
    )


def _check_write(shaping: Shaping, entry: RouteEntry, place: Place) -> None:
    """Note what a write would not do, or would do to people by a scope for which nobody asks them.

    `Match.scopes_sent` says for what they are asked: the scopes that parts of its body need, else all that open it.
    """
    if entry.query.dropped:
        shaping.add((*place, "query", "dropped"), "a write is done with all that it says, or refused")
    about_people = {one.id for one in shaping.written.scopes if one.whose == "subject"}
    in_path = [((*place, "params", name), rule) for name, rule in entry.params.items()]
    in_query = [((*place, "query", "keys", key), rule) for key, rule in entry.query.keys.items()]
    for at, rule in [*in_path, *in_query]:
        if rule.scope in about_people:
            shaping.add((*at, "scope"), f"a write does what {rule.scope} is about by its body alone")


def _compile_denied(shaping: Shaping, entry: DeniedEntry, routes: list[Route], *, index: int) -> Denied:
    place: Place = ("denied", index, "path")
    any_segment = {found["name"]: ValueRule() for found in _SEGMENT.finditer(entry.path) if found["name"]}
    denied = Denied(_compile_template(shaping, any_segment, path=entry.path, place=place), entry.reason)
    if (route := find_opened(denied, routes)) is not None:
        shaping.add(place, f"denied, and yet the path of route {route.id}")
    return denied


def _compile_template(shaping: Shaping, params: Mapping[str, ValueRule], *, path: str, place: Place) -> Template:
    segments: list[str | Parameter] = []
    for segment in path.removeprefix("/").split("/"):
        found = _SEGMENT.fullmatch(segment)
        if not path.startswith("/") or found is None or segment in {".", ".."} or "//" in path:
            shaping.add(place, f"not a path template: {path}")
            break
        name = found["name"]
        if name is not None and name not in params:
            shaping.add(place, f"parameter {name} has no rule under params")
        if any(isinstance(one, Parameter) and one.name == name for one in segments):
            shaping.add(place, f"parameter {name} stands twice")
        rule = params.get(name or "", ValueRule())
        segments.append(segment if name is None else Parameter(name, rule))
    return Template(tuple(segments))


def _compile_body(
    shaping: Shaping, body: BodyRule | None, opened_by: tuple[str, ...], *, place: Place
) -> BodyRule | None:
    if body is None or not body.is_json:
        return body
    shaped = shaping.shape_body(BodyNode(fields=body.fields, any_of=body.any_of), place)
    compiled = body.model_copy(update={"fields": shaped.fields, "any_of": shaped.any_of})
    for rule in compiled.list_rules():
        check_resource(shaping, rule, place)
    for scope in compiled.list_scopes():  # people are asked for what is sent by the scopes that open the route
        if scope not in opened_by:
            shaping.add(place, f"a part of the body needs {scope}, which does not open the route")
    return compiled


def _compile_answer(shaping: Shaping, entry: AnswerEntry, *, place: Place, route: RouteEntry | None) -> Answer:
    root: Node | None = None
    opened_by = () if route is None else route.opened_by
    handed = Handed(scope=entry.scope, has_subject=entry.about_named, opened_by=opened_by)
    if entry.fields is not None:
        root = shaping.shape_branch(entry.fields, (*place, "fields"), handed)
    elif entry.use is not None:
        root = shaping.shape_answer(AnswerNode(use=entry.use), place, handed)
    if root is not None and not isinstance(root, Branch):
        shaping.add(place, "an answer is an object or a file")
        root = None
    return Answer(
        root=root,
        opened_by=frozenset() if route is None else frozenset(route.opened_by),
        media_types=entry.media_types,
        headers=entry.headers,
        limit_bytes=(1 << 20) if route is None else route.limits.answer_bytes,
        envelope=None if route is None or root is None else shaping.written.envelope,
        about_named=entry.about_named,
    )


def _check_ids(shaping: Shaping) -> None:
    written = shaping.written
    for at, scope in enumerate(written.scopes):
        if not scope.id.startswith(f"{written.platform}."):
            shaping.add(("scopes", at, "id"), f"a scope of this file starts with {written.platform}.")
    routes = [one.id for one in written.routes]
    named = {"scopes": [one.id for one in written.scopes], "routes": routes}
    for kind, ids in named.items():
        for at, one in enumerate(ids):
            if one in ids[:at]:
                shaping.add((kind, at, "id"), f"stands twice: {one}")
    for at, event in enumerate(written.events):
        if event.id in {*routes, *(one.id for one in written.events[:at])}:  # the trace names either by its id
            shaping.add(("events", at, "id"), f"stands twice: {event.id}")


def _check_envelope(shaping: Shaping) -> None:
    written = shaping.written
    if (written.error_style == "envelope") != (written.envelope is not None):
        shaping.add(("error_style",), "`envelope` stands exactly where error_style is envelope")
    if (written.error_style == "status") != bool(written.error_fields):
        shaping.add(("error_style",), "`error_fields` stand exactly where error_style is status")


def _check_scopes_open_something(shaping: Shaping, routes: list[Route], events: list[Event]) -> None:
    named: list[Route | Event] = [*routes, *events]
    opening = Counter(scope for one in named for scope in _opening_scopes(one))
    for at, scope in enumerate(shaping.written.scopes):
        if scope.enforced_by == "gateway" and not opening[scope.id]:
            shaping.add(("scopes", at), f"{scope.id} opens nothing; no gateway can enforce it")
        if scope.enforced_by == "app" and opening[scope.id]:
            shaping.add(("scopes", at), f"{scope.id} is enforced by the app, yet a route or event names it")


def _check_words_to_whom_apps_write(shaping: Shaping, routes: list[Route], events: list[Event]) -> None:
    """Let a scope of the account's by which apps do something to people say so to them, where they may end it."""
    may_end = any(event.ends_consent for event in events)
    named = {scope for route in routes if route.writes_to_people for scope in route.opened_by}
    for at, scope in enumerate(shaping.written.scopes):
        if scope.whose == "account" and (scope.to_self is not None) != (may_end and scope.id in named):
            what = "is not said to the people" if scope.to_self is None else "is said to people, but writes to none"
            shaping.add(("scopes", at), f"{scope.id} {what} who may take their consent back at the platform: to_self")


def _opening_scopes(one: Route | Event) -> Iterator[str]:
    yield from one.opened_by
    yield from one.field_scopes
