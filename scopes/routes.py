"""A route, and a call that matched one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from scopes.answers import Answer
from scopes.bodies import BodyRule
from scopes.queries import CheckedQuery, QueryRule
from scopes.refusals import BodyRefused, TargetRefused
from scopes.rules import RuleBroken, ValueRule, list_account_names, list_resources, list_subjects
from scopes.targets import encode_text
from scopes.texts import Text
from scopes.written import Limits


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path segment that the caller chooses."""

    name: str
    rule: ValueRule


@dataclass(frozen=True, slots=True)
class Template:
    """A path: literal segments as text, parameters between them."""

    segments: tuple[str | Parameter, ...]

    def fill(self, params: Mapping[str, str]) -> str:
        """Write the path anew, every part re-encoded."""
        parts = (params[one.name] if isinstance(one, Parameter) else one for one in self.segments)
        return "/" + "/".join(encode_text(part) for part in parts)

    def __str__(self) -> str:
        return "/" + "/".join(f"{{{one.name}}}" if isinstance(one, Parameter) else one for one in self.segments)


@dataclass(frozen=True, slots=True)
class Route:
    """One call that apps may make; what is not listed here does not exist for them.

    Args:
        id: slug, unique on its platform.
        platform_id: whose API.
        method: in capitals.
        templates: the paths; the first is the documented one.
        opened_by: any one of these scopes opens it.
        kind: `read` or `write`.
        sentence: what the trace says, following the app's name.
        query: the allow-list of query keys.
        body: what it takes as a body; None for none at all.
        request_headers: lower-case names of the headers that pass upstream; the credential is not among them.
        limits: bounds of one call.
        answer: what of a success passes.
        error_answer: what of a failure by HTTP status passes; None where failures are in `answer`'s envelope.
        narrowed_by: its scopes that may be narrowed to resources, each with the kind of these; none where what it
            answers may be of another resource than the one named.
        has_resources_in_body: a body may name some, so that it takes the whole call to know which.
        fresh_seconds: the platform's scopes that want a recent sign-in, each with how many seconds ago it may be.
        account_header: the request header, lower-case, whose value must be the grant's account, if it is sent (I11).
        serves_subject: what it does is for the person whom it names, and never refused for want of their basis.
        picking: its keys and parameters that pick people out, each with the scopes about people that it does so by.
    """

    id: str
    platform_id: str
    method: str
    templates: tuple[Template, ...]
    opened_by: frozenset[str]
    kind: Literal["read", "write"]
    sentence: Text
    query: QueryRule
    body: BodyRule | None
    request_headers: frozenset[str]
    limits: Limits
    answer: Answer
    error_answer: Answer | None
    fresh_seconds: Mapping[str, int] = field(default_factory=dict)
    narrowed_by: Mapping[str, str] = field(default_factory=dict)
    has_resources_in_body: bool = False
    account_header: str | None = None
    serves_subject: bool = False
    picking: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def field_scopes(self) -> frozenset[str]:
        """The scopes that the answer's declared fields name."""
        return self.answer.field_scopes

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that it names: those that open it, a field of its answer or a key of its query."""
        rules = [*self.query.keys.values(), *(rule for _, rule in self._parameters)]
        return self.opened_by | self.field_scopes | {rule.scope for rule in rules if rule.scope is not None}

    @property
    def resource_kinds(self) -> frozenset[str]:
        """The kinds of resources that a call of it can name."""
        return frozenset(rule.resource for rule in self._rules if rule.resource is not None)

    @property
    def writes_to_people(self) -> bool:
        """Whether a call of it does something to people whom it names, and not for them."""
        return self.kind == "write" and not self.serves_subject and any(rule.subject for rule in self._rules)

    @property
    def _rules(self) -> list[ValueRule]:
        in_path = [rule for _, rule in self._parameters]
        return [*in_path, *self.query.keys.values(), *(self.body.list_rules() if self.body else ())]

    @property
    def _parameters(self) -> list[tuple[str, ValueRule]]:
        parts = [one for each in self.templates for one in each.segments if isinstance(one, Parameter)]
        return [(one.name, one.rule) for one in parts]

    def may_carry(self, scope_id: str) -> bool:
        """Whether a call can carry the kinds of data of a scope that opens it; an answer of ids alone carries none."""
        return self.kind == "write" or self.answer.is_binary or scope_id in self.field_scopes

    def check_query(self, raw_query: str, open_scopes: Collection[str] = ()) -> CheckedQuery:
        """Check a raw query (without the question mark).

        Args:
            raw_query: as it stood in the request line.
            open_scopes: what the verdict left open; a key that reads what a scope opens is refused without it.

        Raises:
            TargetRefused: `bad_target` or `insufficient_scope`.
        """
        return self.query.check(raw_query, open_scopes)

    def check_body(self, content_type: str | None, body: bytes, open_scopes: Collection[str] = ()) -> bytes:
        """Check a whole request body and return what goes upstream: JSON written anew, other bytes as they came.

        Args:
            content_type: as the header says.
            body: checked by nobody yet.
            open_scopes: what the verdict left open; a part that a scope opens is refused without it.

        Raises:
            BodyRefused: `bad_body`, `unsupported_media`, `too_large`, `insufficient_scope`.
        """
        if self.body is not None:
            return self.body.check(content_type, body, open_scopes)
        if body:
            raise BodyRefused("bad_body", "this route takes no body")
        return b""


@dataclass(frozen=True, slots=True)
class Match:
    """A call whose path and method name a route.

    Args:
        route: the route.
        template: the one of its paths that matched.
        params: the path's parameters, decoded, each keeping its rule.
    """

    route: Route
    template: Template
    params: Mapping[str, str]

    def upstream_target(self, query: CheckedQuery) -> str:
        """Write the path and query for the platform anew from the template and the checked parts."""
        path = self.template.fill(self.params)
        return f"{path}?{query.encoded}" if query.encoded else path

    def scopes_read(self, raw_query: str) -> frozenset[str]:
        """Return the scopes that its keys and parameters read; of a query that `check_query` refuses, none."""
        in_path = {rule.scope for rule, _ in self._path_pairs() if rule.scope is not None}
        return self.route.query.scopes_of(raw_query) | in_path

    def check_query(self, raw_query: str, open_scopes: Collection[str] = ()) -> CheckedQuery:
        """Check a raw query, and that the parameters read nothing that is closed; see `Route.check_query`.

        Raises:
            TargetRefused: `bad_target` or `insufficient_scope`.
        """
        for rule, _ in self._path_pairs():
            if rule.scope is not None and rule.scope not in open_scopes:
                raise TargetRefused("insufficient_scope", f"the path needs {rule.scope}", scope=rule.scope)
        return self.route.check_query(raw_query, open_scopes)

    def picks_by(self, query: CheckedQuery) -> frozenset[str]:
        """Return the scopes about people by which the call picks people out: whom it finds tells what they show."""
        keys, picking = self.route.query.keys, self.route.picking
        sent = {name for name, value in query.values.items() if value not in keys[name].tells_nothing}
        return frozenset[str]().union(*(picking[name] for name in (*self.params, *sent) if name in picking))

    def scopes_sent(self, body: bytes | None) -> frozenset[str]:
        """Return the scopes that open what a body holds; every opening scope where its parts name none of their own."""
        named = {rule.scope for rule, _ in self._body_pairs(body)}
        return frozenset(scope for scope in self.route.opened_by if scope in named) or self.route.opened_by

    def account_names(self, query: CheckedQuery, body: bytes | None) -> list[str]:
        """List the values that name the account; each must equal the grant's (I11), or the call is refused.

        Args:
            query: from `check_query`.
            body: what `check_body` returned; None while it is not read yet.
        """
        found = [*self._in_path(), *query.account_names, *self._in_body(body)]
        return list(dict.fromkeys(found))

    def subjects_named(self, query: CheckedQuery, body: bytes | None) -> list[str]:
        """List the people whom the call itself names, each once.

        Args:
            query: from `check_query`.
            body: what `check_body` returned; None for none.
        """
        keys = self.route.query.keys
        asked = [pair for key, value in query.values.items() for pair in keys[key].pair(value)]
        return list_subjects([*self._path_pairs(), *asked, *self._body_pairs(body)])

    def resources_named(self, raw_query: str, body: bytes | None = None) -> dict[str, frozenset[str]]:
        """Return, for each scope that may be narrowed, the resources of its kind that the call names; all count.

        Args:
            raw_query: as it stood in the request line; one that `check_query` refuses names nothing.
            body: what `check_body` returned; None while it is not read yet.
        """
        if not self.route.narrowed_by:
            return {}
        pairs = [*self._path_pairs(), *self.route.query.pairs_of(raw_query), *self._body_pairs(body)]
        return {scope: list_resources(pairs, kind) for scope, kind in self.route.narrowed_by.items()}

    def _in_path(self) -> list[str]:
        return list_account_names(self._path_pairs())

    def _in_body(self, body: bytes | None) -> list[str]:
        return list_account_names(self._body_pairs(body))

    def _path_pairs(self) -> list[tuple[ValueRule, object]]:
        return [(one.rule, self.params[one.name]) for one in self.template.segments if isinstance(one, Parameter)]

    def _body_pairs(self, body: bytes | None) -> list[tuple[ValueRule, object]]:
        return [] if self.route.body is None or body is None else self.route.body.read(body)[1]


def check_params(template: Template, segments: list[str]) -> dict[str, str]:
    """Hold the decoded segments of a matched path to the rules of its parameters.

    Raises:
        TargetRefused: `bad_target`.
    """
    params: dict[str, str] = {}
    for one, segment in zip(template.segments, segments, strict=True):
        if isinstance(one, Parameter):
            try:
                one.rule.check(segment)
            except RuleBroken as broken:
                raise TargetRefused("bad_target", f"path parameter {one.name} {broken}") from broken
            params[one.name] = segment
    return params
