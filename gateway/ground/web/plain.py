"""Texts that outsiders chose, made harmless to a reader. Escaping is the template's; this is about what eyes see."""

import unicodedata

LONGEST_NAME = 120
LONGEST_TEXT = 2000
_SHOWN_AS = "\N{REPLACEMENT CHARACTER}"


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a text as people may see it: what reorders, hides or breaks a line is a mark, and length has an end."""
    shown = "".join(_SHOWN_AS if is_unseen(sign) else sign for sign in name)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def is_unseen(sign: str) -> bool:
    """Tell controls, format signs (bidi, zero-width), line separators, surrogates, and fillers that show as nothing."""
    return (
        unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} or sign in "\u115f\u1160\u3164\uffa0\u2800"
    )
