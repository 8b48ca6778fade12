"""Every kind of record has its words for people."""

import pytest

from gateway.doors.person.told import SIGNS, sentence
from gateway.ground.web.messages import read_catalogue
from gateway.records.ledger.kinds import Kind


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_its_words(kind: Kind) -> None:
    """A sentence in Vietnamese, another one in English, and a sign; a new kind without them fails here."""
    vietnamese, english = sentence(kind, "vi"), sentence(kind, "en")
    assert vietnamese
    assert english not in {"", vietnamese}
    assert read_catalogue().get(vietnamese) is not None
    assert SIGNS[kind]
