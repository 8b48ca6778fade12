"""Words as people search for them: without case, without diacritics, `đ` as `d`."""

import unicodedata

_LONE = str.maketrans({"đ": "d", "Đ": "d", "ø": "o", "ł": "l"})


def fold(text: str) -> str:
    """Return what two spellings of one word have in common."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LONE))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(bare.casefold().translate(_LONE).split())
