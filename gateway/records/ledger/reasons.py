"""Why someone looked: a reason that the person concerned will read (R55)."""

import unicodedata
from dataclasses import dataclass

from gateway.terms.refusal import Refusal

LONGEST_REASON = 300
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in words: composed (NFC), one line, nothing in it that does not show."""

    text: str

    @classmethod
    def parse(cls, raw_reason: str) -> "Reason":
        """Read what was typed.

        Raises:
            Refusal: `reason_required`: nothing that a reader could take for a word, or more than a line of them.
        """
        seen = "".join(" " if unicodedata.category(sign) in _UNSEEN else sign for sign in raw_reason)
        text = " ".join(unicodedata.normalize("NFC", seen).split())
        if not any(sign.isalnum() for sign in text) or len(text) > LONGEST_REASON:
            raise Refusal("reason_required", f"a reason has words, and at most {LONGEST_REASON} signs")
        return cls(text)
