"""An event: what a platform tells by a webhook, of which each app with a live ask for it gets its own part.

What passes is declared and filtered as answers are, by the same compiled filters; the people in it are named by places
in the body, for an event's members do not stand around the person whom they are about.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scopes.answers import Answer, Opened
from scopes.shapes import Handed, Shaping
from scopes.source import Place
from scopes.texts import Text
from scopes.written import EventEntry

LIMIT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event that apps may get; `docs/scopes.md` lists them.

    Args:
        id: slug, unique among the platform's events and routes: the trace names either by it.
        platform_id: whose.
        names: what the platform calls it.
        opened_by: any one of these scopes gets it.
        about_people: those of them that are about people: one gets it only with the basis of everyone in it.
        sentence: what the trace says, following the app's name.
        accounts, subjects: where ids of the account and of people may stand in the body.
        login_subject: where the id stands by which the one person of the event signs in at the platform.
        answer: what of the body passes.
        ends_consent: whoever it is about took back, at the platform, what apps may have of them. An app that had
            something is told, though they say no to it now; so it holds nothing that a scope opens.
    """

    id: str
    platform_id: str
    names: tuple[str, ...]
    opened_by: frozenset[str]
    about_people: frozenset[str]
    sentence: Text
    accounts: tuple[str, ...]
    subjects: tuple[str, ...]
    answer: Answer
    login_subject: str | None = None
    ends_consent: bool = False

    @property
    def type(self) -> str:
        """Its name to apps: the CloudEvents `type`."""
        return f"{self.platform_id}.{self.id}"

    @property
    def field_scopes(self) -> frozenset[str]:
        """The scopes that the declared fields name."""
        return self.answer.field_scopes

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that it names."""
        return self.opened_by | self.field_scopes

    def may_carry(self, scope_id: str) -> bool:
        """Whether a copy can carry the kinds of data of a scope that opens it; one of ids alone carries none."""
        return scope_id in self.field_scopes

    def list_accounts(self, body: object) -> list[str]:
        """List what may be the account's id in a parsed body, in the order of the declared places."""
        return list(dict.fromkeys(_ids_at(body, self.accounts)))

    def list_subjects(self, body: object, account: str) -> list[str]:
        """List the people whom a parsed body names, each once; the account is none of them."""
        return [one for one in dict.fromkeys(_ids_at(body, self.subjects)) if one != account]

    def find_pair(self, body: object, account: str) -> tuple[str, str] | None:
        """Find by which two ids the platform knows the one person of a parsed body: to sign in, to the account."""
        people = self.list_subjects(body, account)
        logins = list(_ids_at(body, () if self.login_subject is None else (self.login_subject,)))
        return (logins[0], people[0]) if len(people) == len(logins) == 1 else None

    def open(self, body: bytes, open_scopes: Iterable[str], subjects: Iterable[str]) -> Opened:
        """Reduce a body to what the scopes open; `Opened.render` withholds what rests on people's own basis.

        Raises:
            AnswerMalformed: it is not what the catalogue declares.
        """
        return self.answer.open(body, frozenset(open_scopes), list(subjects))


def compile_events(shaping: Shaping) -> list[Event]:
    """Compile the events of a file."""
    named = [name for entry in shaping.written.events for name in entry.names]
    for index, entry in enumerate(shaping.written.events):
        for at, scope in enumerate(entry.opened_by):
            shaping.check_scope(scope, ("events", index, "opened_by", at))
        for at, name in enumerate(entry.names):
            if named.count(name) > 1:
                shaping.add(("events", index, "names", at), f"stands twice: {name}")
        if entry.ends_consent:
            _check_ending(shaping, entry, ("events", index))
    events = [_compile(shaping, entry, ("events", index)) for index, entry in enumerate(shaping.written.events)]
    for index, event in enumerate(events):
        if event.ends_consent and event.field_scopes:
            shaping.add(("events", index, "fields"), "it goes out against a person's no, so it holds ids alone")
    return events


def _check_ending(shaping: Shaping, entry: EventEntry, place: Place) -> None:
    """Refuse one that says of nobody that they took something back, or that an app about people would not hear of."""
    if not entry.subjects:
        shaping.add((*place, "ends_consent"), "no place says who took their consent back")
    for scope in sorted(_about_people(shaping) - {*entry.opened_by}):
        shaping.add((*place, "opened_by"), f"an app with {scope} may hold something of whoever took it back")


def _about_people(shaping: Shaping) -> frozenset[str]:
    return frozenset(one.id for one in shaping.written.scopes if one.whose == "subject")


def _compile(shaping: Shaping, entry: EventEntry, place: Place) -> Event:
    return Event(
        id=entry.id,
        platform_id=shaping.written.platform,
        names=entry.names,
        opened_by=frozenset(entry.opened_by),
        about_people=_about_people(shaping) & {*entry.opened_by},
        sentence=entry.sentence,
        accounts=entry.accounts,
        subjects=entry.subjects,
        login_subject=entry.login_subject,
        ends_consent=entry.ends_consent,
        answer=Answer(
            root=shaping.shape_branch(entry.fields, (*place, "fields"), Handed(has_subject=bool(entry.subjects))),
            opened_by=frozenset(entry.opened_by),
            media_types=("application/json",),
            headers=(),
            limit_bytes=LIMIT_BYTES,
            about_named=True,
        ),
    )


def _ids_at(body: object, places: Iterable[str]) -> Iterator[str]:
    """Yield the ids at some places, `a.b[].c`, of a parsed body; what is no text and no whole number is no id."""
    for place in places:
        found: list[object] = [body]
        for step in place.split("."):
            name = step.removesuffix("[]")
            found = [one[name] for one in found if isinstance(one, dict) and name in one]
            if step.endswith("[]"):
                found = [inner for one in found if isinstance(one, list) for inner in one]
        yield from (str(one) for one in found if isinstance(one, str) or type(one) is int)
