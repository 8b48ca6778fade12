"""What the terms of a query mean: which records of the log, which lines of the trace."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from types import MappingProxyType

from gateway.doors.consoles.operators.folding import fold
from gateway.doors.consoles.operators.query import Query, Term, quoted
from gateway.doors.consoles.operators.words import LANGS, kind_title, outcome_title
from gateway.ground.web.local import HANOI
from gateway.records.accounts.types import Account
from gateway.records.apps.types import App
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.trace import store as trace
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AccountId, AppId, AskId
from scopes import Catalogue

SOURCES = ("log", "trace")
CALL = "call"
DONE = "done"
ACTIONS = (CALL, *(kind.value for kind in Kind))
OUTCOMES = (DONE, *(outcome.value for outcome in Outcome))
_RECEIPT, _RECORD = "BN-", "lr_"
_TIMES = ("%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M")
Route = tuple[str, str]
Both = tuple[reading.AnyOf, trace.AnyOf]
"""What a term means in the log, and in the trace."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every name that a word of a query may be part of, folded: of apps, of what happens in log and trace, of accounts.

    `asks` are those that the query's words name, each with the apps that have one of that name.
    """

    apps: Mapping[AppId, tuple[str, ...]]
    kinds: Mapping[Kind, tuple[str, ...]]
    outcomes: Mapping[Outcome, tuple[str, ...]]
    routes: Mapping[Route, tuple[str, ...]]
    accounts: Mapping[AccountId, tuple[str, ...]] = field(default_factory=dict)
    asks: Mapping[AskId, Sequence[AppId]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query asks of each source; None where it asks nothing of it. `login` is whom it looks up."""

    log: reading.Search | None
    trace: trace.Filter | None
    login: Term | None = None


def vocabulary_of(
    apps: Iterable[App],
    catalogue: Catalogue,
    *,
    accounts: Iterable[Account] = (),
    asks: Mapping[AskId, Sequence[AppId]] = MappingProxyType({}),
) -> Vocabulary:
    """Gather the names, in both languages: what one operator reads in English the other finds in Vietnamese.

    Of accounts it takes those whose names are nobody's: a person is looked up by `person:` alone.
    """
    return Vocabulary(
        apps={app.id: (fold(app.id), fold(app.name)) for app in apps},
        kinds={kind: (fold(kind), *(fold(kind_title(kind, lang)) for lang in LANGS)) for kind in Kind},
        outcomes={each: (CALL, fold(each), *(fold(outcome_title(each, lang)) for lang in LANGS)) for each in Outcome},
        routes={
            (platform.id, route.id): (fold(route.id), fold(route.sentence.vi), fold(route.sentence.en))
            for platform in catalogue.platforms.values()
            for route in platform.list_traced()
        },
        accounts={each.id: (fold(each.external_id), fold(each.name)) for each in accounts},
        asks=asks,
    )


def read_meaning(query: Query, names: Vocabulary) -> Wanted:
    """Say what a query asks for.

    Raises:
        BadQuery: an action, outcome, source or time that there is not.
    """
    wanted = Wanted(reading.Search(), trace.Filter(), query.find("person"))
    for term in query.terms:
        wanted = _narrowed(wanted, query, term, names=names)
    return wanted


def _narrowed(wanted: Wanted, query: Query, term: Term, *, names: Vocabulary) -> Wanted:
    if term.key == "person":
        return wanted
    if term.key == "source":
        return _of_source(wanted, query, term)
    if term.key in {"after", "before"}:
        return _in_time(wanted, query, term)
    if term.key == "outcome":
        return _with(wanted, *_outcome(query, term))
    return _with(wanted, *(_IDS[term.key](term, names) if term.key in _IDS else _named(query, term, names)))


def _named(query: Query, term: Term, names: Vocabulary) -> Both:
    folded = fold(term.value)
    apps = [] if term.key == "action" else [app for app, known in names.apps.items() if _is_in(folded, known)]
    if term.key == "app":
        return reading.AnyOf(apps), trace.AnyOf(apps)
    kinds = [kind for kind, known in names.kinds.items() if _is_in(folded, known)]
    outcomes = [each for each, known in names.outcomes.items() if _is_in(folded, known)]
    routes = [route for route, known in names.routes.items() if _is_in(folded, known)]
    if term.key == "action" and not (kinds or outcomes or routes):
        raise query.refuse(term, _closest("action", folded, ACTIONS), allowed=ACTIONS)
    if term.key == "action":
        return reading.AnyOf(apps, kinds), trace.AnyOf(apps, outcomes, routes)
    codes, about = _codes(term.value), _list_accounts(term, names)
    asks = _find_asks(term, names)
    in_trace = trace.AnyOf(apps, outcomes, routes, codes, codes, codes, about, asks)
    return reading.AnyOf(apps, kinds, codes, codes, about, asks), in_trace


def _list_accounts(term: Term, names: Vocabulary) -> list[str]:
    """List the accounts whose name or external id a word is part of, or whose id it is."""
    folded = fold(term.value)
    return [term.value, *(account for account, known in names.accounts.items() if _is_in(folded, known))]


def _find_asks(term: Term, names: Vocabulary) -> dict[AskId, Sequence[AppId]]:
    """Find the ask that a word names, whole."""
    return {ask_id: apps for ask_id, apps in names.asks.items() if ask_id == term.value}


def _of_grant(term: Term, _names: Vocabulary) -> Both:
    return reading.AnyOf(grant_ids=[term.value]), trace.AnyOf(grant_ids=[term.value])


def _of_account(term: Term, names: Vocabulary) -> Both:
    about = _list_accounts(term, names)
    return reading.AnyOf(account_ids=about), trace.AnyOf(account_ids=about)


def _of_ask(term: Term, names: Vocabulary) -> Both:
    asks = _find_asks(term, names)
    return reading.AnyOf(asks=asks), trace.AnyOf(asks=asks)


_IDS: Mapping[str, Callable[[Term, Vocabulary], Both]] = MappingProxyType(
    {"grant": _of_grant, "account": _of_account, "ask": _of_ask}
)


def _codes(typed: str) -> list[str]:
    """Return what a word is as a code, whole: of a record, line, request or reason; a receipt's is its record's."""
    return [_RECORD + typed.removeprefix(_RECEIPT)] if typed.startswith(_RECEIPT) else [typed]


def _outcome(query: Query, term: Term) -> tuple[reading.AnyOf, trace.AnyOf]:
    """`refused` is a call that was refused and a person who refused; `done` is everything else in the log."""
    folded = fold(term.value)
    if folded == DONE:
        return reading.AnyOf(kinds=[kind for kind in Kind if kind is not Kind.REFUSED]), trace.AnyOf()
    if folded not in OUTCOMES:
        raise query.refuse(term, _closest("outcome", folded, OUTCOMES), allowed=OUTCOMES)
    refusals = [Kind.REFUSED] if folded == Outcome.REFUSED else []
    return reading.AnyOf(kinds=refusals), trace.AnyOf(outcomes=[Outcome(folded)])


def _of_source(wanted: Wanted, query: Query, term: Term) -> Wanted:
    source = fold(term.value)
    if source not in SOURCES:
        raise query.refuse(term, _closest("source", source, SOURCES), allowed=SOURCES)
    return replace(wanted, trace=None) if source == "log" else replace(wanted, log=None)


def _in_time(wanted: Wanted, query: Query, term: Term) -> Wanted:
    """Times are Hanoi's; a day stands for its first moment, so `after` holds the day and `before` does not."""
    at = _read_time(term.value)
    if at is None:
        raise query.refuse(term)
    log, lines = wanted.log, wanted.trace
    if term.key == "before":
        log = log and replace(log, until=min(at, log.until or at))
        lines = lines and replace(lines, until=min(at, lines.until or at))
    else:
        log = log and replace(log, since=max(at, log.since or at))
        lines = lines and replace(lines, since=max(at, lines.since or at))
    return replace(wanted, log=log, trace=lines)


def _with(wanted: Wanted, in_log: reading.AnyOf, in_trace: trace.AnyOf) -> Wanted:
    log, lines = wanted.log, wanted.trace
    return replace(
        wanted,
        log=log and replace(log, matching=(*log.matching, in_log)),
        trace=lines and replace(lines, matching=(*lines.matching, in_trace)),
    )


def _read_time(typed: str) -> datetime | None:
    for written in _TIMES:
        with suppress(ValueError, OverflowError):
            return datetime.strptime(typed, written).replace(tzinfo=HANOI).astimezone(UTC)
    return None


def _is_in(folded: str, names: tuple[str, ...]) -> bool:
    return bool(folded) and any(folded in name for name in names)


def _closest(key: str, folded: str, known: Sequence[str]) -> str:
    """Return the term that was perhaps meant, or nothing: then the mended query does without it."""
    close = get_close_matches(folded.replace(" ", "_"), [str(each) for each in known], n=1)
    return f"{key}:{quoted(close[0])}" if close else ""
