"""Every kind of record has its words for people."""

import pytest

from gateway.doors.calls.problems import PROBLEMS
from gateway.doors.person.told import SIGNS, sentence
from gateway.doors.person.words import ended_because
from gateway.ground.web.messages import read_catalogue
from gateway.records.ledger.kinds import Kind
from gateway.records.trace.types import CALL_NOT_OPENED, OUTCOME_UNKNOWN, PLATFORM_REFUSED


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_its_words(kind: Kind) -> None:
    """A sentence in Vietnamese, another one in English, and a sign; a new kind without them fails here."""
    vietnamese, english = sentence(kind, "vi"), sentence(kind, "en")
    assert vietnamese
    assert english not in {"", vietnamese}
    assert read_catalogue().get(vietnamese) is not None
    assert SIGNS[kind]


@pytest.mark.parametrize("reason", [*PROBLEMS, "caller_gone", PLATFORM_REFUSED, CALL_NOT_OPENED, OUTCOME_UNKNOWN])
def test_every_reason_has_its_words(reason: str) -> None:
    """Whatever ended a call, people read a sentence and never a code; a new reason without one fails here."""
    vietnamese, english = ended_because(reason, "vi"), ended_because(reason, "en")
    assert vietnamese.endswith(".")
    assert reason not in vietnamese
    assert vietnamese != ended_because("never heard of", "vi")
    assert english not in {"", vietnamese}


def test_a_code_from_elsewhere_is_not_shown() -> None:
    """A reason of a newer version gets the general words."""
    assert "_" not in ended_because("some_newer_reason", "vi")
    assert ended_because(None, "vi") == ""
