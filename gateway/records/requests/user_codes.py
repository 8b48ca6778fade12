"""The codes that people carry from a device to a browser (RFC 8628, section 6.1).

Eight consonants: no vowel, so that chance spells no word; no digit, so that nothing is taken for its double. Neither D
nor W, which a Vietnamese keyboard set to Telex turns into đ and ư. That leaves 18 letters, and 11 thousand million
codes.
"""

import unicodedata

from gateway.terms.entropy import Entropy

USER_CODE = "device user code"
"""What the stored HMAC is for."""
LETTERS = "BCFGHJKLMNPQRSTVXZ"
LENGTH = 8
LONGEST_TYPED = 100
_HALF = LENGTH // 2


def new_user_code(entropy: Entropy) -> str:
    """Draw a code; of 128 bits the remainder favours none."""
    number = int.from_bytes(entropy.token(16))
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)


def parse_user_code(raw_code: str) -> str | None:
    """Read what someone typed: case, spaces, dashes and full-width letters do not matter; None: it can be no code."""
    if len(raw_code) > LONGEST_TYPED:
        return None
    typed = unicodedata.normalize("NFKC", raw_code).upper()
    code = "".join(sign for sign in typed if sign.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(LETTERS) else None


def show_user_code(code: str) -> str:
    """Write a code as people read it, in two halves."""
    return f"{code[:_HALF]}-{code[_HALF:]}"
