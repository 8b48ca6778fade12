"""One line of the trace in plain words: which app did what, by which asks, with what result."""

from collections.abc import Iterable, Mapping
from typing import Literal

from gateway.doors import app_label, ask_views, spoken
from gateway.doors.person.from_records import about_reader
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.views_records import TraceRow
from gateway.doors.person.words import ended_because, words
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.trace.entries import DamagedLine
from gateway.records.trace.types import OUTCOME_UNKNOWN, ClosedLine, Ending, Outcome
from scopes import Catalogue

OUTCOMES: Mapping[str, tuple[Outcome, bool | None]] = {
    "passed": (Outcome.PASSED, False),
    "masked": (Outcome.PASSED, True),
    "refused": (Outcome.REFUSED, None),
    "cut": (Outcome.CUT, None),
    "failed": (Outcome.FAILED, None),
}
"""What the filter offers: how a call ended, and whether something of it was masked."""
Result = Literal["passed", "masked", "blocked", "cut", "failed", "unknown", "open"]
_RESULTS: dict[Outcome, Result] = {
    Outcome.PASSED: "passed",
    Outcome.REFUSED: "blocked",
    Outcome.CUT: "cut",
    Outcome.FAILED: "failed",
    Outcome.OPEN: "open",
}
_CARRYING: frozenset[Result] = frozenset({"passed", "masked", "cut", "unknown", "open"})


def trace_row(catalogue: Catalogue, closed: ClosedLine, own: OwnGrant, *, lang: Lang, by: str = "") -> TraceRow:
    """Tell one line; `by` names the credential that the call came by."""
    line, ending = closed.line, closed.ending
    shown = [about_reader(view, own.account) for view in ask_views(catalogue, list(own.asks), lang)]
    used = [view for view in shown if view.id in line.ask_ids]
    platform = catalogue.platforms.get(line.platform)
    route = platform.find_traced(line.route) if platform else None
    result = _result(closed)
    carried = {ask.id for ask in own.asks if route is None or route.may_carry(ask.scope)}
    kinds = _unique(kind for view in used if view.id in carried for kind in view.data_types)
    return TraceRow(
        id=line.id,
        at=line.opened_at,
        who=plain(own.app.name),
        verb="do",
        thing=spoken(route.sentence, lang) if route else words(lang)("gọi một địa chỉ không có trong danh mục"),
        result=result,
        people=ending.subjects if ending and ending.subjects else None,
        asks=_unique(view.name for view in used),
        data_types=kinds if result in _CARRYING else (),
        is_bare=bool(used) and not kinds and result in _CARRYING,
        purpose="; ".join(_unique(view.purpose.rstrip(".") for view in used)),
        recipient="; ".join(_unique(f"{each.name}, {each.country}" for view in used for each in view.recipients)),
        by=plain(by),
        bases=[view for view in used if view.basis],
        by_evidence=ending.by_evidence if ending else 0,
        label=app_label(own.app),
        note=ended_because(ending.reason, lang) if ending and _is_explained(ending, result) else "",
    )


def damaged_row(damaged: DamagedLine) -> TraceRow:
    """Tell a line that was changed: that it was, and nothing that it says."""
    return TraceRow(damaged.id, damaged.at, who="", verb="do", thing="", result="damaged")


def _result(closed: ClosedLine) -> Result:
    """Name the result; a line that never closed is a call under way, or one whose process died."""
    ending = closed.ending
    if ending is None:
        return "open"
    if ending.outcome is Outcome.PASSED and ending.withheld:
        return "masked"
    if ending.outcome is Outcome.FAILED and ending.reason == OUTCOME_UNKNOWN:
        return "unknown"
    return _RESULTS[ending.outcome]


def _is_explained(ending: Ending, result: Result) -> bool:
    """Say whether a line tells its reason; why a call was cut, the person knows, but not what became of it (R58)."""
    return result in {"blocked", "failed"} or ending.reason == OUTCOME_UNKNOWN


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
