"""The catalogue as a whole: read the files, refuse the broken ones, answer which route a call means."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from scopes.compiling import Compiled, compile_file
from scopes.denied import Denied, find_denied
from scopes.events import Event
from scopes.left_out import LeftOut
from scopes.matching import Matcher
from scopes.problems import CatalogueError, Problem
from scopes.refusals import TargetRefused
from scopes.routes import Match, Route
from scopes.scope import ResourceKind, Scope
from scopes.source import Source
from scopes.targets import parse_path
from scopes.texts import Text
from scopes.written import Budget, PlatformFile

PACKAGED = Path(__file__).parent / "catalogue"


@dataclass(frozen=True, slots=True)
class Platform:
    """One upstream API as the catalogue knows it.

    Args:
        id: the first segment under the API origin, the first word of its scopes.
        name: for people.
        scopes: by id, in the file's order.
        routes: by id, in the file's order.
        events: by id, in the file's order.
        resources: the kinds of resources that scopes may be narrowed to.
        denied: paths that are not opened on purpose, with the reason.
        left_out: members and events that pass for nobody on purpose, with the reason.
        budget: how many calls the platform takes; None: it did not say.
    """

    id: str
    name: Text
    scopes: Mapping[str, Scope]
    routes: Mapping[str, Route]
    events: Mapping[str, Event]
    resources: Mapping[str, ResourceKind]
    denied: tuple[Denied, ...]
    left_out: tuple[LeftOut, ...]
    budget: Budget | None
    _matcher: Matcher
    _by_name: Mapping[str, Event]

    def is_for_unreviewed(self, scope: Scope) -> bool:
        """Whether an app that nobody reviewed may ask for it: it only reads, the account's own data, not sensitive.

        Sending is no data, yet whoever sends speaks in the account's name. So every route that names the scope is
        `read`, and there is one: what no route holds to reading is not open either.
        """
        kinds = {route.kind for route in self.routes.values() if scope.id in route.scopes}
        return kinds == {"read"} and scope.whose == "account" and scope.sensitivity == "none"

    def find_event(self, name: str) -> Event | None:
        """Find the event that the platform calls so; None: it is none that passes."""
        return self._by_name.get(name)

    def find_traced(self, traced_id: str) -> Route | Event | None:
        """Find what a trace line names: the route of a call, or the event of a copy that went to an app."""
        return self.routes.get(traced_id) or self.events.get(traced_id)

    def list_traced(self) -> list[Route | Event]:
        """List what trace lines may name."""
        return [*self.routes.values(), *self.events.values()]

    def find(self, method: str, segments: list[str]) -> Match | None:
        """Find the route of a method and a decoded path."""
        return self._matcher.find(method, segments)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that apps can ask for and call; immutable, shared by the whole process."""

    platforms: Mapping[str, Platform]
    scopes: Mapping[str, Scope]

    def is_for_unreviewed(self, scope_id: str) -> bool:
        """Whether an app that nobody reviewed may ask for a scope of this catalogue."""
        return self._platform_of(scope_id).is_for_unreviewed(self.scopes[scope_id])

    def serves_subject(self, scope_id: str) -> bool:
        """Whether all that may be done by a scope is for the person whom it is about, and so never refused for them."""
        platform = self.platforms.get(scope_id.partition(".")[0])
        opened = [route for route in (platform.routes.values() if platform else ()) if scope_id in route.scopes]
        return bool(opened) and all(route.serves_subject for route in opened)

    def find_kind(self, scope_id: str) -> ResourceKind | None:
        """Find the kind of resources that a permission on a scope may be narrowed to."""
        scope = self.scopes.get(scope_id)
        if scope is None or scope.narrowed_by is None:
            return None
        return self._platform_of(scope_id).resources[scope.narrowed_by]

    def match(self, platform_id: str, method: str, raw_path: str) -> Match:
        """Find what a call means.

        Args:
            platform_id: the first path segment on the API origin.
            method: as it stood in the request line.
            raw_path: what followed the platform, undecoded, without the query; checked by nobody yet.

        Raises:
            TargetRefused: `bad_target`, judged before anything is looked up, `denied_route`, or `unknown_route` (also a
                wrong method).
        """
        segments = parse_path(raw_path)
        platform = self.platforms.get(platform_id)
        found = None if platform is None else platform.find(method, segments)
        if found is not None:
            return found
        denied = None if platform is None else find_denied(platform.denied, segments)
        if denied is not None:
            raise TargetRefused("denied_route", denied.reason)
        raise TargetRefused("unknown_route", "no such route")

    def _platform_of(self, scope_id: str) -> Platform:
        return self.platforms[scope_id.partition(".")[0]]


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Load and compile every `*.yaml` of a folder; the packaged files when none is named.

    Raises:
        CatalogueError: with every problem found, by file and line.
    """
    if folder is None:
        return _load_packaged()
    platforms, problems = _read_folder(folder)
    if problems:
        raise CatalogueError(problems)
    return Catalogue(
        MappingProxyType({one.id: one for one in platforms}),
        MappingProxyType({scope.id: scope for one in platforms for scope in one.scopes.values()}),
    )


def check(folder: Path | None = None) -> list[Problem]:
    """List what is wrong with the catalogue, by file and line; empty when it may be used."""
    return sorted(_read_folder(folder or PACKAGED)[1])


@cache
def _load_packaged() -> Catalogue:
    return load_catalogue(PACKAGED)


def _read_folder(folder: Path) -> tuple[list[Platform], list[Problem]]:
    platforms: list[Platform] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            source = Source(path)
            written = _validate(source)
        except CatalogueError as error:
            problems.extend(error.problems)
            continue
        compiled = compile_file(source, written)
        problems.extend(compiled.problems)
        if any(one.id == written.platform for one in platforms):
            problems.append(source.problem(("platform",), f"another file describes {written.platform}"))
        platforms.append(_build(written, compiled))
    if not platforms and not problems:
        problems.append(Problem(folder.name, 1, "no catalogue file here"))
    return platforms, problems


def _build(written: PlatformFile, compiled: Compiled) -> Platform:
    return Platform(
        id=written.platform,
        name=written.name,
        scopes=MappingProxyType({scope.id: scope for scope in written.scopes}),
        routes=MappingProxyType({route.id: route for route in compiled.routes}),
        events=MappingProxyType({event.id: event for event in compiled.events}),
        resources=MappingProxyType(dict(written.resources)),
        denied=tuple(compiled.denied),
        left_out=written.left_out,
        budget=written.budget,
        _matcher=Matcher(compiled.routes),
        _by_name=MappingProxyType({name: event for event in compiled.events for name in event.names}),
    )


def _validate(source: Source) -> PlatformFile:
    try:
        return PlatformFile.model_validate(source.value)
    except ValidationError as error:
        problems = [
            source.problem(one["loc"], f"{'.'.join(map(str, one['loc']))}: {one['msg']}") for one in error.errors()
        ]
        raise CatalogueError(problems) from error
