"""The published fuzzer (package `schemathesis`), pointed at the served door by the door's own OpenAPI document.

It sends what the document allows and what it forbids, and holds each answer against the document. A stranger gets far
less of a server than an app does, so that there are two runs: as a stranger with whatever was generated, and as an app
whose requests are mended into right ones where the document cannot say which client, address or token is right.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import engine, hooks
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
PHASES = ("coverage", "fuzzing")
SEED = 9126
Mend = Callable[[schemathesis.Case[Any]], None]


@dataclass(slots=True)
class Found:
    """What came of a run: each thing that was wrong, and how often each operation answered how."""

    wrong: list[str] = field(default_factory=list)
    answers: dict[tuple[str, int], int] = field(default_factory=dict)

    def statuses(self, label: str) -> set[int]:
        """Return every status that an operation answered with."""
        return {status for name, status in self.answers if name == label}


async def fuzz(
    document: Mapping[str, Any], *, examples: int, phases: Sequence[str] = PHASES, mend: Mend | None = None
) -> Found:
    """Run the fuzzer beside the event loop that serves the door.

    Args:
        document: what is there.
        examples: how many random requests for each operation and way of generating.
        phases: `coverage` walks the document's bounds, `fuzzing` draws at random.
        mend: changes a request before it is sent.
    """
    return await asyncio.to_thread(_run, dict(document), _settings(examples, phases), mend)


def _run(document: dict[str, Any], settings: dict[str, Any], mend: Mend | None) -> Found:
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(settings))
    schema.config.update(base_url=document["servers"][0]["url"])
    found = Found()
    with _mended(mend):
        for event in engine.from_schema(schema).execute():
            if isinstance(event, ScenarioFinished):
                _note(found, event)
            elif isinstance(event, NonFatalError | FatalError):
                found.wrong.append(repr(event))
    return found


@contextmanager
def _mended(mend: Mend | None) -> Iterator[None]:
    """Mend each request before it is sent; the library knows such a hook for the whole process alone."""

    def before_call(_context: Any, case: schemathesis.Case[Any], _options: dict[str, Any]) -> None:
        if mend is not None:
            mend(case)

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        hooks.unregister(before_call)


def _settings(examples: int, phases: Sequence[str]) -> dict[str, Any]:
    return {
        "seed": SEED,
        "workers": 1,
        "continue-on-failure": True,
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
        "phases": {name: {"enabled": name in phases} for name in (*PHASES, "examples", "stateful")},
        "generation": {"max-examples": examples, "mode": "all", "database": "none", "deterministic": True},
    }


def _note(found: Found, event: ScenarioFinished) -> None:
    for case_id, interaction in event.recorder.interactions.items():
        case = event.recorder.cases[case_id].value
        if interaction.response is None:
            found.wrong.append(f"{case.operation.label}: no answer")
            continue
        key = (case.operation.label, interaction.response.status_code)
        found.answers[key] = found.answers.get(key, 0) + 1
    for case_id, checks in event.recorder.checks.items():
        case = event.recorder.cases[case_id].value
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                found.wrong.append(f"{case.operation.label}: {check.name}: {failure.title}: {failure.message}")
