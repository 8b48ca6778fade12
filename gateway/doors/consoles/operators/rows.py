"""How a record of the log and a line of the trace read in the list. Nothing here is about a person."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.doors import app_label, spoken
from gateway.doors.consoles.operators.searching import OF_ORGANISATIONS, Found, Result, account_of
from gateway.doors.consoles.operators.views import LogRow
from gateway.doors.consoles.operators.words import actor_title, kind_title, outcome_title
from gateway.ground.web.app_labels import AppLabel
from gateway.ground.web.catalogue import words
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.accounts.types import Account
from gateway.records.grants.types import PermissionState
from gateway.records.ledger.causes import Because
from gateway.records.ledger.entries import Damaged
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.trace.entries import DamagedLine
from gateway.records.trace.types import ClosedLine, Outcome
from gateway.terms.ids import AppId
from scopes import Catalogue

ACTS: Mapping[Kind, str] = {
    Kind.DECIDED: "agree",
    Kind.RECONNECTED: "link",
    Kind.REFUSED: "refuse",
    Kind.WITHDRAWN: "withdraw",
    Kind.WITHDRAWN_AT_PLATFORM: "withdraw",
    Kind.PAUSED: "pause",
    Kind.RESUMED: "resume",
    Kind.SHORTENED: "shorten",
    Kind.EXPIRED: "expire",
    Kind.RECONFIRM: "reconfirm",
    Kind.OBJECTION_LIFTED: "resume",
    Kind.BROUGHT_IN: "import",
    Kind.BURIED: "withdraw",
    Kind.LINKED: "link",
    Kind.CONNECTION_LOST: "lost",
    Kind.UNLINKED: "lost",
    Kind.APP_SUSPENDED: "suspend",
    Kind.APP_RESUMED: "resume",
    Kind.LOOKED_UP: "look_up",
    Kind.EXPORTED: "export",
}
CALLS: Mapping[Outcome, str] = {
    Outcome.OPEN: "call",
    Outcome.PASSED: "call",
    Outcome.REFUSED: "blocked",
    Outcome.FAILED: "failed",
    Outcome.CUT: "cut",
}


def log_rows(result: Result, catalogue: Catalogue, lang: Lang) -> list[LogRow]:
    """Tell a page of the search."""
    return [log_row(found, result, catalogue, lang=lang) for found in result.rows]


def log_row(found: Found, names: Result, catalogue: Catalogue, *, lang: Lang) -> LogRow:
    """Tell one row."""
    if isinstance(found, Damaged | DamagedLine):
        return _damaged_row(found, lang)
    account_id = account_of(found)
    account = account_title(names.accounts.get(account_id) if account_id else None, account_id)
    if isinstance(found, ClosedLine):
        row = _trace_row(found, account, app_title(names, found.line.app_id), catalogue=catalogue, lang=lang)
        return replace(row, label=_label(names, found.line.app_id))
    return LogRow(
        source="log",
        record_id=found.record_id,
        at=found.at,
        act=ACTS.get(found.kind, ""),
        title=_title(found, lang),
        app=app_title(names, found.app_id),
        account=account or _actor(found, lang),
        asks=", ".join(_given_or_touched(found)),
        seq=found.seq,
        label=_label(names, found.app_id),
        because=Because.of(found),
    )


def _damaged_row(found: Damaged | DamagedLine, lang: Lang) -> LogRow:
    _ = words(lang)
    title = _("Bản ghi bị sửa, không đọc được")
    if isinstance(found, DamagedLine):
        return LogRow("trace", found.id, found.at, "damaged", title, "", "", "")
    return LogRow("log", plain(found.record_id), found.at, "damaged", title, "", "", "", seq=found.seq)


def app_title(names: Result, app_id: AppId | None) -> str:
    """Name an app; one that is not in the register keeps its id."""
    app = names.apps.get(app_id) if app_id else None
    return plain(app.name) if app else app_id or ""


def _label(names: Result, app_id: AppId | None) -> AppLabel | None:
    app = names.apps.get(app_id) if app_id else None
    return app_label(app) if app else None


def account_title(account: Account | None, account_id: str | None) -> str:
    """Name an account where that names nobody."""
    if account is not None and account.platform in OF_ORGANISATIONS:
        return plain(account.name)
    return account_id or ""


def call_title(closed: ClosedLine, catalogue: Catalogue, lang: Lang) -> str:
    """Say what a call did, and how it ended."""
    platform = catalogue.platforms.get(closed.line.platform)
    route = platform.find_traced(closed.line.route) if platform else None
    thing = spoken(route.sentence, lang) if route else plain(closed.line.route)
    reason = closed.ending.reason if closed.ending else None
    return f"{outcome_title(outcome_of(closed), lang, reason)}: {thing}"


def outcome_of(closed: ClosedLine) -> Outcome:
    """Return how a call ended; one that never closed is open."""
    return closed.ending.outcome if closed.ending else Outcome.OPEN


def asks_of(record: Record) -> list[str]:
    """List the asks that a record touches, each once."""
    touched = [str(each["ask"]) for name in ("permissions", "reached") for each in record.facts.get(name, [])]
    return list(dict.fromkeys(touched or [str(each) for each in record.facts.get("refused_asks", [])]))


def _given_or_touched(record: Record) -> list[str]:
    """List the asks beside a title: of a decision those that were agreed to, which the title counts."""
    if record.kind is not Kind.DECIDED:
        return asks_of(record)
    return [
        str(each["ask"])
        for each in record.facts.get("permissions", [])
        if each["current"] and each["state"] == PermissionState.GRANTED
    ]


def _trace_row(closed: ClosedLine, account: str, app: str, *, catalogue: Catalogue, lang: Lang) -> LogRow:
    reason = closed.ending.reason if closed.ending else None
    return LogRow(
        source="trace",
        record_id=closed.line.id,
        at=closed.line.opened_at,
        act=CALLS[outcome_of(closed)],
        title=call_title(closed, catalogue, lang),
        app=app,
        account=account,
        asks=", ".join(closed.line.ask_ids),
        reason=plain(reason) if reason else "",
    )


def _title(record: Record, lang: Lang) -> str:
    """Name the record; of a decision also say how many of the asks in it were agreed to."""
    title = kind_title(record.kind, lang)
    current = [each for each in record.facts.get("permissions", []) if each["current"]]
    if record.kind is not Kind.DECIDED or not current:
        return title
    agreed = sum(each["state"] == PermissionState.GRANTED for each in current)
    _ = words(lang)
    return _("Đồng ý %(agreed)s/%(all)s mục") % {"agreed": agreed, "all": len(current)}


def _actor(record: Record, lang: Lang) -> str:
    who = actor_title(record.actor, lang)
    return f"{who} {record.actor.id}" if record.actor.is_named else who
