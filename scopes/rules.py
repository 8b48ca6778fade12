"""The rule for one value that a caller sends: in the path, the query or a body."""

from collections.abc import Iterable
from functools import cache
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

from scopes.formats import FORMATS

TYPES: dict[str, frozenset[type]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, msgspec.Raw}),  # with a fraction it stays as it was written
    "boolean": frozenset({bool}),
    "null": frozenset({type(None)}),
}


class RuleBroken(ValueError):
    """A value breaks its rule; the text names the rule and never holds the value."""


@cache
def _read_types(written: str) -> frozenset[type]:
    return frozenset().union(*(TYPES[name] for name in written.split("|")))


def _known_types(written: str) -> str:
    for name in written.split("|"):
        if name not in TYPES:
            raise ValueError(f"no such type: {name}; known: {', '.join(TYPES)}")
    return written


def _known_format(written: str) -> str:
    if written not in FORMATS:
        raise ValueError(f"no such format: {written}; known: {', '.join(FORMATS)}")
    return written


class ValueRule(BaseModel):
    """What one scalar sent by a caller may be.

    Args:
        type: `string`, `integer`, `number`, `boolean`, `null`, or several joined by `|`.
        format: a name in `formats.py`; an integer is held to it in its decimal spelling.
        max_length: in characters, for strings.
        least, most: bounds for integers.
        one_of: the only values allowed.
        required: refused when absent.
        subject: names the person whom the data is about (asked for a basis before the call).
        names_account: names the account; must equal the grant's (invariant I11).
        resource: names a resource of this kind, to which permissions may be narrowed (`ResourceKind`).
        scope: the scope without which the value may not be sent at all: to filter by it reads what the scope opens, or
            to send it does what the scope is about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Annotated[str, AfterValidator(_known_types)] = "string"
    format: Annotated[str, AfterValidator(_known_format)] | None = None
    max_length: PositiveInt = 2048
    least: int | None = None
    most: int | None = None
    one_of: tuple[str | bool | int, ...] | None = Field(default=None, min_length=1)
    required: bool = False
    subject: bool = False
    names_account: bool = False
    resource: str | None = None
    scope: str | None = None

    def check(self, value: object) -> None:
        """Refuse a value that breaks this rule.

        Raises:
            RuleBroken: with the rule's own words.
        """
        if type(value) not in _read_types(self.type):
            raise RuleBroken(f"must be {self.type.replace('|', ' or ')}")
        if value is None:
            return
        if isinstance(value, str) and len(value) > self.max_length:
            raise RuleBroken(f"longer than {self.max_length} characters")
        if self.format is not None and FORMATS[self.format].fullmatch(str(value)) is None:
            raise RuleBroken(f"is no {self.format}")
        if self.one_of is not None and not any(value == one and type(value) is type(one) for one in self.one_of):
            raise RuleBroken("is none of the listed values")
        if isinstance(value, int) and not (self.least is None or value >= self.least):
            raise RuleBroken(f"less than {self.least}")
        if isinstance(value, int) and not (self.most is None or value <= self.most):
            raise RuleBroken(f"more than {self.most}")

    def read(self, text: str) -> str | int:
        """Turn the text of a path or query parameter into a value that keeps this rule.

        Raises:
            RuleBroken: when it cannot.
        """
        if self.type == "integer":
            if FORMATS["count"].fullmatch(text) is None:
                raise RuleBroken("must be an integer")
            number = int(text)
            self.check(number)
            return number
        self.check(text)
        return text


def list_resources(pairs: Iterable[tuple[ValueRule, object]], kind: str) -> frozenset[str]:
    """List the resources of a kind that values name."""
    return frozenset(str(value) for rule, value in pairs if rule.resource == kind)


def list_account_names(pairs: Iterable[tuple[ValueRule, object]]) -> list[str]:
    """List the values whose rule says that they name the account, each once, in order."""
    return list(dict.fromkeys(str(value) for rule, value in pairs if rule.names_account))


def list_subjects(pairs: Iterable[tuple[ValueRule, object]]) -> list[str]:
    """List the people whom values name, each once, in order."""
    return list(dict.fromkeys(str(value) for rule, value in pairs if rule.subject))
