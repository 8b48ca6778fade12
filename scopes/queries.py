"""The query of a route: an allow-list of keys, in the two forms that platforms use.

Zalo takes one parameter, `data`, whose value is a JSON object; others take plain keys. Either way what goes upstream is
written anew from the checked values.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from scopes import strict_json
from scopes.refusals import TargetRefused
from scopes.rules import RuleBroken, ValueRule, list_account_names
from scopes.targets import encode_text, parse_query


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query in which every key is listed and every value keeps its rule.

    Args:
        values: by key; scalars, or lists of them.
        encoded: what goes upstream after the question mark; empty for no query.
        account_names: values that must equal the grant's account (I11).
    """

    values: Mapping[str, object] = field(default_factory=dict)
    encoded: str = ""
    account_names: tuple[str, ...] = ()


class KeyRule(ValueRule):
    """The rule of one key: of one value, or with `most_items` of a list of at most so many values.

    Args:
        most_items: it takes a list of at most so many values.
        tells_nothing: values that need no scope, where the key has one: to sort by an id that passes anyway.
        picks_people: it selects people by what its own scope, which is the account's, does not say about them.
    """

    most_items: PositiveInt | None = None
    tells_nothing: tuple[str, ...] = ()
    picks_people: bool = False

    def scope_for(self, value: object) -> str | None:
        """Return the scope without which this value may not be sent."""
        return None if value in self.tells_nothing else self.scope

    def pair(self, value: object) -> list[tuple["KeyRule", object]]:
        """Return each value with this rule."""
        return [(self, one) for one in (value if isinstance(value, list) else [value])]

    def check_all(self, value: object) -> None:
        """Refuse a value, or a list of values, that breaks this rule.

        Raises:
            RuleBroken: with the rule's own words.
        """
        if self.most_items is None:
            self.check(value)
            return
        if not isinstance(value, list) or len(value) > self.most_items:
            raise RuleBroken(f"must be a list of at most {self.most_items}")
        for one in value:
            self.check(one)


class QueryRule(BaseModel):
    """The keys that a route's query may hold.

    Args:
        wrapped_in: the one parameter whose JSON object holds the keys; None for plain keys.
        or_plain: the keys may stand plain as well, where a platform's own papers have both forms; never mixed.
        keys: the allow-list.
        dropped: names that published clients send although the platform documents them nowhere: taken, whatever they
            hold, and never passed on. What they would do there is not known, so it is not done (ADR 0037).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    wrapped_in: str | None = None
    or_plain: bool = False
    keys: Mapping[str, KeyRule] = Field(default_factory=dict)
    dropped: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _lists_stand_in_json(self) -> Self:
        if (self.wrapped_in is None or self.or_plain) and any(
            rule.most_items is not None for rule in self.keys.values()
        ):
            raise ValueError("a list stands only in a query whose keys are wrapped in JSON")
        return self

    @model_validator(mode="after")
    def _dropped_is_plain_and_unlisted(self) -> Self:
        if self.dropped and (self.wrapped_in is not None or self.dropped & self.keys.keys()):
            raise ValueError("a name is dropped only beside plain keys, and is none of them")
        return self

    def check(self, raw_query: str, open_scopes: Collection[str]) -> CheckedQuery:
        """Check a raw query and write it anew.

        Raises:
            TargetRefused: `bad_target` for a malformed query, an unlisted key, a broken rule, a missing required key;
                `insufficient_scope` for a key that reads what a closed scope opens.
        """
        parameters = {name: text for name, text in parse_query(raw_query).items() if name not in self.dropped}
        wrapper = self._find_wrapper(parameters)
        sent = parameters if wrapper is None else _unwrap(parameters, wrapper)
        values = {key: self._check_key(key, value, open_scopes, wrapper) for key, value in sent.items()}
        for key, rule in self.keys.items():
            if rule.required and key not in values:
                raise TargetRefused("bad_target", f"query key missing: {key}")
        pairs = [pair for key, value in values.items() for pair in self.keys[key].pair(value)]
        return CheckedQuery(values, _encode(values, wrapper), tuple(list_account_names(pairs)))

    def scopes_of(self, raw_query: str) -> frozenset[str]:
        """Return the scopes that the keys of a raw query read; none of a query that `check` refuses as malformed."""
        if all(rule.scope is None for rule in self.keys.values()):
            return frozenset()
        found = {rule.scope_for(value) for rule, value in self.pairs_of(raw_query)}
        return frozenset(scope for scope in found if scope is not None)

    def pairs_of(self, raw_query: str) -> list[tuple[KeyRule, object]]:
        """Return the listed values of a raw query with their rules, unchecked; none of one that is malformed."""
        if not self.keys:
            return []
        try:
            parameters = parse_query(raw_query)
            wrapper = self._find_wrapper(parameters)
            sent = parameters if wrapper is None else _unwrap(parameters, wrapper)
        except TargetRefused:
            return []
        return [pair for key, rule in self.keys.items() if key in sent for pair in rule.pair(sent[key])]

    def _find_wrapper(self, parameters: Mapping[str, str]) -> str | None:
        return None if self.or_plain and self.wrapped_in not in parameters else self.wrapped_in

    def _check_key(self, key: str, value: object, open_scopes: Collection[str], wrapper: str | None) -> object:
        rule = self.keys.get(key)
        if rule is None:
            raise TargetRefused("bad_target", "the query holds a key that this route does not list")
        scope = rule.scope_for(value)
        if scope is not None and scope not in open_scopes:
            raise TargetRefused("insufficient_scope", f"query key {key} needs {scope}", scope=scope)
        try:
            if wrapper is None:
                return rule.read(str(value))
            rule.check_all(value)
        except RuleBroken as broken:
            raise TargetRefused("bad_target", f"query key {key} {broken}") from broken
        return value


def _encode(values: Mapping[str, object], wrapper: str | None) -> str:
    if not values:
        return ""
    if wrapper is None:
        return "&".join(f"{encode_text(key)}={encode_text(str(value))}" for key, value in values.items())
    return f"{encode_text(wrapper)}={encode_text(strict_json.encode(values).decode())}"


def _unwrap(parameters: Mapping[str, str], name: str) -> Mapping[str, object]:
    if not parameters:
        return {}
    if set(parameters) != {name}:
        raise TargetRefused("bad_target", f"the only query key here is {name}")
    try:
        value = strict_json.parse(parameters[name].encode())
    except strict_json.NotStrict as error:
        raise TargetRefused("bad_target", f"query key {name}: {error}") from error
    if not isinstance(value, dict):
        raise TargetRefused("bad_target", f"query key {name} must hold a JSON object")
    return value
