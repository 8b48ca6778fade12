"""The body of a request: an allow-list of fields, checked in full and written anew before it goes upstream."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, model_validator

from scopes import strict_json
from scopes.formats import FORMATS
from scopes.media import read_media_type
from scopes.refusals import BodyRefused
from scopes.rules import RuleBroken, ValueRule
from scopes.uploads import UploadRule


class BodyNode(ValueRule):
    """One place in a request body: a scalar, or exactly one of the containers below.

    A `scope` holds for everything inside: who sends any of it needs that scope beside the one that opens the route.

    Args:
        fields: an object with these members and no others.
        items, least_items, most_items: a list of like places.
        values, most_items: an object with free names and like places.
        any_of: an object that fits at least one of these; the first that it fits is what it is.
        use: the name of a body shape of the same file.
    """

    fields: Mapping[str, "BodyNode"] | None = None
    items: "BodyNode | None" = None
    values: "BodyNode | None" = None
    least_items: NonNegativeInt = 0
    most_items: PositiveInt = 100
    any_of: tuple["BodyNode", ...] | None = None
    use: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        containers = [self.fields, self.items, self.values, self.any_of, self.use]
        if sum(one is not None for one in containers) > 1:
            raise ValueError("a place is a scalar or one of: fields, items, values, any_of, use")
        return self

    @property
    def _is_container(self) -> bool:
        return any(one is not None for one in (self.fields, self.items, self.values, self.any_of))

    def list_rules(self) -> Iterator["BodyNode"]:
        """Yield the rule of each scalar that may stand here."""
        inner = self._list_inner()
        if not inner and self.fields is None:
            yield self
        for node in inner:
            yield from node.list_rules()

    def list_scopes(self) -> Iterator[str]:
        """Yield the scope of each part that needs one of its own, scalar or container."""
        if self.scope is not None:
            yield self.scope
        for node in self._list_inner():
            yield from node.list_scopes()

    def _list_inner(self) -> list["BodyNode"]:
        inner = [*(self.fields or {}).values(), *(self.any_of or ())]
        return inner + [one for one in (self.items, self.values) if one is not None]

    def walk(self, value: object, place: str = "") -> Iterator[tuple[ValueRule, object]]:
        """Check a parsed value against this place and everything in it, yielding each scalar with its rule.

        A container that needs a scope of its own is yielded too.

        Raises:
            RuleBroken: naming the place that is wrong.
        """
        if self.scope is not None and self._is_container:
            yield self, value  # also where it is empty: whoever sends it, sends it
        if self.fields is not None:
            yield from self._walk_object(self.fields, value, place)
        elif self.items is not None:
            if not isinstance(value, list) or not self.least_items <= len(value) <= self.most_items:
                raise RuleBroken(f"{place} must be a list of {self.least_items} to {self.most_items}")
            for item in value:
                yield from self.items.walk(item, place)
        elif self.values is not None:
            yield from self._walk_free(self.values, value, place)
        elif self.any_of is not None:
            yield from self._walk_any(self.any_of, value, place)
        else:
            try:
                self.check(value)
            except RuleBroken as broken:
                raise RuleBroken(f"{place} {broken}") from broken
            yield self, value

    def _walk_object(
        self, fields: Mapping[str, "BodyNode"], value: object, place: str
    ) -> Iterator[tuple[ValueRule, object]]:
        if not isinstance(value, dict):
            raise RuleBroken(f"{place or 'the body'} must be an object")
        if not value.keys() <= fields.keys():
            raise RuleBroken(f"{place or 'the body'} holds a field that this route does not list")
        for name, node in fields.items():
            inner = f"{place}.{name}" if place else name
            if name in value:
                yield from node.walk(value[name], inner)
            elif node.required:
                raise RuleBroken(f"{inner} is missing")

    def _walk_free(self, node: "BodyNode", value: object, place: str) -> Iterator[tuple[ValueRule, object]]:
        if not isinstance(value, dict) or len(value) > self.most_items:
            raise RuleBroken(f"{place} must be an object of at most {self.most_items}")
        for name, one in value.items():
            if FORMATS["free_name"].fullmatch(name) is None:
                raise RuleBroken(f"{place} holds a name that is none")
            yield from node.walk(one, f"{place}.*")

    def _walk_any(self, nodes: tuple["BodyNode", ...], value: object, place: str) -> list[tuple[ValueRule, object]]:
        broken = RuleBroken(f"{place or 'the body'} fits none of the listed forms")
        for node in nodes:
            try:
                return list(node.walk(value, place))
            except RuleBroken as error:
                broken = broken if len(nodes) > 1 else error
        raise broken


class BodyRule(BaseModel):
    """What a route takes as its body.

    Args:
        media_types: the declared types that are taken.
        limit_bytes: larger is refused.
        optional: an empty body is taken too.
        fields: the members of a JSON body; without these and `any_of` the bytes pass unread (an upload).
        any_of: the forms of a JSON body that has several.
        upload: the body is form data with one file, which is checked as it streams through.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    media_types: tuple[str, ...] = ("application/json",)
    limit_bytes: PositiveInt = 1 << 20
    optional: bool = False
    fields: Mapping[str, BodyNode] | None = None
    any_of: tuple[BodyNode, ...] | None = None
    upload: UploadRule | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(one is not None for one in (self.fields, self.any_of, self.upload)) > 1:
            raise ValueError("a body is one of: fields, any_of, upload")
        return self

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON that is read; else its bytes pass unread."""
        return self.fields is not None or self.any_of is not None

    @cached_property
    def root(self) -> BodyNode | None:
        """The JSON body as one place; None where the bytes pass unread."""
        return BodyNode(fields=self.fields, any_of=self.any_of) if self.is_json else None

    def check_media_type(self, content_type: str | None) -> None:
        """Refuse a body whose declared type is not listed; a JSON body's charset can only be UTF-8.

        Raises:
            BodyRefused: `unsupported_media`.
        """
        if content_type is None or read_media_type(content_type, is_text=self.is_json) not in self.media_types:
            raise BodyRefused("unsupported_media", "the body's type is none that this route takes")

    def list_rules(self) -> Iterator[ValueRule]:
        """Yield the rule of each scalar that the body may hold."""
        return iter(()) if self.root is None else self.root.list_rules()

    def list_scopes(self) -> Iterator[str]:
        """Yield the scope of each part of the body that needs one of its own."""
        return iter(()) if self.root is None else self.root.list_scopes()

    def check(self, content_type: str | None, body: bytes, open_scopes: Collection[str] = ()) -> bytes:
        """Check a whole body; return what goes upstream.

        Args:
            content_type: as the header says.
            body: checked by nobody yet.
            open_scopes: what the verdict left open; a place that a scope opens is refused without it.

        Raises:
            BodyRefused: `too_large`, `unsupported_media`, `bad_body`, `insufficient_scope`.
        """
        if not body and self.optional:
            return b""
        self.check_media_type(content_type)
        if len(body) > self.limit_bytes:
            raise BodyRefused("too_large", f"the body is larger than {self.limit_bytes} bytes")
        if self.upload is not None and body:
            raise BodyRefused("bad_body", "a file of form data is read as it comes, never whole")
        if self.root is None:
            return body
        value, pairs = self.read(body)
        for rule, _ in pairs:
            if rule.scope is not None and rule.scope not in open_scopes:
                raise BodyRefused("insufficient_scope", f"a part of the body needs {rule.scope}", scope=rule.scope)
        return strict_json.encode(value)

    def read(self, body: bytes) -> tuple[object, list[tuple[ValueRule, object]]]:
        """Parse a JSON body and list its scalars with their rules.

        Raises:
            BodyRefused: `bad_body`.
        """
        if self.root is None or (self.optional and not body):
            return None, []
        try:
            value = strict_json.parse(body)
            return value, list(self.root.walk(value))
        except (strict_json.NotStrict, RuleBroken) as error:
            raise BodyRefused("bad_body", str(error)) from error
