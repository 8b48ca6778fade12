"""The page of the control paths: which switches there are, how they stand, and what can be made to happen.

It is told from the tables and docstrings themselves, so that what it says is what there is. It changes nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel

from gateway.sandbox.control import COMMON
from gateway.sandbox.switching import Faults, SwitchBoard

_ARGUMENT = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)

_KINDS = {
    "array": "danh sách",
    "boolean": "true, false",
    "integer": "số nguyên",
    "null": "null",
    "number": "số",
    "string": "chữ",
}


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """One switch: how it stands, how it stands with a faithful platform (both as JSON), what it takes and does."""

    name: str
    now: str
    faithful: str
    takes: str
    meaning: str


@dataclass(frozen=True, slots=True)
class PathRow:
    """One control path and what it does."""

    method: str
    path: str
    meaning: str


def list_switches(board: SwitchBoard[Any]) -> list[SwitchRow]:
    """List the switches of a stand-in."""
    model = type(board.current)
    meanings = {**_read_arguments(Faults), **_read_arguments(model)}
    now, faithful = (each.model_dump(mode="json") for each in (board.current, model()))
    schemas = model.model_json_schema()["properties"]
    return [
        SwitchRow(name, _write(now[name]), _write(faithful[name]), _say_values(schemas[name]), meanings[name])
        for name in model.model_fields
    ]


def list_paths(prefix: str, own: Iterable[tuple[tuple[str, str], object]]) -> list[PathRow]:
    """List the control paths of a stand-in, those that every one has among them."""
    every = [*COMMON.items(), *own]
    return [PathRow(method, prefix + path, cleandoc(handler.__doc__ or "")) for (method, path), handler in every]


def _read_arguments(model: type[BaseModel]) -> Mapping[str, str]:
    found = _ARGUMENT.findall(cleandoc(model.__doc__ or ""))
    return {name: " ".join(meaning.split()) for name, meaning in found}


def _say_values(schema: Mapping[str, Any]) -> str:
    """Say in Vietnamese what may stand there: the values themselves where they are numbered, else their kind."""
    if "enum" in schema:
        return ", ".join(map(_write, schema["enum"]))
    if "anyOf" in schema:
        return ", ".join(map(_say_values, schema["anyOf"]))
    said = _KINDS[schema["type"]]
    if "items" in schema:
        said += f" {_say_values(schema['items'])}"
    bounds = ((word, schema[name]) for name, word in (("minimum", "từ"), ("maximum", "đến")) if name in schema)
    return " ".join([said, *(f"{word} {bound}" for word, bound in bounds)])


def _write(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
