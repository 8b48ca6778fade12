"""OpenAPI 3.1 documents, assembled from rows: what an operation takes and how it answers, in pydantic's models."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
HEADERS: Mapping[str, dict[str, Any]] = {
    "Allow": {"type": "string"},
    "Cache-Control": {"const": "no-store"},
    "Content-Language": {"type": "string", "enum": ["vi", "en"]},
    "DPoP-Nonce": {"type": "string"},
    "Link": {"type": "string"},
    "Location": {"type": "string"},
    "Retry-After": {"type": "integer", "minimum": 0},
    "WWW-Authenticate": {"type": "string"},
}
_PLACES = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_Found = Mapping[tuple[Any, str], dict[str, Any]]
_WANTED, _GIVEN = "validation", "serialization"


@dataclass(frozen=True, slots=True)
class Answer:
    """One way of answering.

    Args:
        what: when.
        model: of its body; None: there is none, or it is a page.
        media: of its body; empty: there is none.
        headers: names of `HEADERS` that it always has.
        sometimes: names that it may have.
    """

    what: str
    model: Any = None
    media: str = JSON
    headers: Sequence[str] = ()
    sometimes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of one path does.

    Args:
        summary: in a sentence.
        answers: by status.
        query: a model whose fields are the parameters of the query.
        body: the model of what is sent.
        body_media: and its media type.
        security: as OpenAPI writes it: any one of these; an empty one is nothing at all.
    """

    summary: str
    answers: Mapping[int, Answer]
    query: Any = None
    body: Any = None
    body_media: str = FORM
    security: Sequence[Mapping[str, Sequence[str]]] = ()


@dataclass(frozen=True, slots=True)
class Surface:
    """What is described: the rows (method, path, operation), and the ways to prove who is calling."""

    title: str
    version: str
    server: str
    rows: Sequence[tuple[str, str, Operation]]
    security_schemes: Mapping[str, Any] = field(default_factory=dict)


def assemble(surface: Surface) -> dict[str, Any]:
    """Return the document."""
    schemas, definitions = _generate(operation for _, _, operation in surface.rows)
    paths: dict[str, dict[str, Any]] = {}
    for method, path, operation in surface.rows:
        paths.setdefault(path, {})[method.lower()] = _describe(method, path, operation, schemas=schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": surface.title, "version": surface.version},
        "servers": [{"url": surface.server}],
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": dict(surface.security_schemes)},
    }


def sometimes(what: str, **limits: Any) -> Any:
    """Return the field of a member that is left out, never null, where there is nothing to say."""
    return Field(None, description=what, **limits)


class _Schemas(GenerateJsonSchema):
    """Says no default where that is None: such a member is left out."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of a field that has a default."""
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def _generate(operations: Iterable[Operation]) -> tuple[_Found, dict[str, Any]]:
    """Return the schema of each model as it is wanted or given, and the definitions that those refer to."""
    found: dict[tuple[Any, str], None] = {}
    for operation in operations:
        wanted = [(model, _WANTED) for model in (operation.query, operation.body)]
        given = [(answer.model, _GIVEN) for answer in operation.answers.values()]
        found |= dict.fromkeys(each for each in (*wanted, *given) if each[0] is not None)
    return _schemas_of(tuple(found))


@cache
def _schemas_of(models: tuple[tuple[Any, str], ...]) -> tuple[_Found, dict[str, Any]]:
    """Take the models' schemas from pydantic: the slow part, and the same for every gateway in a process."""
    inputs: list[Any] = [(model, mode, TypeAdapter(model)) for model, mode in models]
    by_key, whole = TypeAdapter.json_schemas(inputs, ref_template=_PLACES, schema_generator=_Schemas)
    return by_key, whole.get("$defs", {})  # type: ignore[return-value]  # keys are typed as hashable, modes as literals


def _describe(method: str, path: str, operation: Operation, *, schemas: _Found) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *re.findall(r"[A-Za-z0-9]+", path)]),
        "summary": operation.summary,
        "security": [dict(each) for each in operation.security],
        "responses": {
            str(status): _describe_answer(answer, schemas) for status, answer in sorted(operation.answers.items())
        },
    }
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _names(path)]
    if operation.query is not None:
        parameters += _list_query(operation.query)
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {operation.body_media: {"schema": schemas[operation.body, _WANTED]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _names(path: str) -> list[str]:
    return _PARAMETER.findall(path)


def _list_query(model: Any) -> list[dict[str, Any]]:
    """Return each field of a flat model as a parameter."""
    schema = TypeAdapter(model).json_schema(schema_generator=_Schemas)
    needed = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": each}
        for name, each in schema["properties"].items()
    ]


def _describe_answer(answer: Answer, schemas: _Found) -> dict[str, Any]:
    headers = {name: _header(name, is_sure=True) for name in answer.headers}
    headers |= {name: _header(name, is_sure=False) for name in answer.sometimes}
    described: dict[str, Any] = {"description": answer.what}
    if headers:
        described["headers"] = headers
    if answer.media:
        schema = {"type": "string"} if answer.model is None else schemas[answer.model, _GIVEN]
        described["content"] = {answer.media: {"schema": schema}}
    return described


def _header(name: str, *, is_sure: bool) -> dict[str, Any]:
    return {"required": is_sure, "schema": HEADERS[name]}
