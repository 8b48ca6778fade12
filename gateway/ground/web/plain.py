"""Texts that outsiders chose, made harmless to a reader. Escaping is the template's; this is about what eyes see."""

import re
import unicodedata

LONGEST_NAME = 120
LONGEST_TEXT = 2000
_SHOWN_AS = "\N{REPLACEMENT CHARACTER}"
_UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_UNSEEN = re.compile(
    # Unicode's Default_Ignorable_Code_Point, but for what the kinds above hold already; and a blank Braille cell.
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff\u2800]"
)
_IN_COLOUR = re.compile("([\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff])\ufe0f")


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a text as people may see it: what reorders, hides or breaks a line is a mark, and length has an end.

    That a pictograph is wanted in colour, as in many shops' names, hides nothing and is left out.
    """
    seen = _IN_COLOUR.sub(r"\1", name)
    shown = "".join(_SHOWN_AS if is_unseen(sign) else sign for sign in seen)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def is_unseen(sign: str) -> bool:
    """Tell controls, format signs (bidi, zero-width), line separators, surrogates, and all that shows as nothing."""
    return unicodedata.category(sign) in _UNSEEN_KINDS or _UNSEEN.match(sign) is not None
