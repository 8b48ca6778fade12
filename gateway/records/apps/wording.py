"""What an app may say about itself: text that reads as it is written, names who receives, and takes no right away."""

import re
from typing import Annotated
from unicodedata import category, normalize

from pydantic import AfterValidator

from gateway.ground.web.plain import is_unseen

_MARKUP = re.compile(r"[<>]|&#?\w+;|\{[{%]|%\(")
_VAGUE = ("các đối tác", "v.v", "bên liên quan", "partners", "etc.", "third parties")
_WAIVERS = (
    "bằng việc sử dụng",
    "bằng cách sử dụng",
    "bằng việc tiếp tục",
    "tiếp tục sử dụng đồng nghĩa",
    "đồng nghĩa với việc",
    "mặc nhiên đồng ý",
    "đương nhiên đồng ý",
    "không khiếu nại",
    "không được khiếu nại",
    "bất kỳ khiếu nại",
    "từ bỏ quyền",
    "từ bỏ mọi quyền",
    "miễn trừ trách nhiệm",
    "không chịu trách nhiệm",
    "by using",
    "by continuing",
    "you agree",
    "you consent",
    "deemed consent",
    "no complaint",
    "waive",
    "no liability",
    "not liable",
)


def readable(raw_text: str) -> str:
    """Return the text in NFC, as every reader sees it.

    Raises:
        ValueError: it holds signs that hide, reorder or break a line, or that Unicode has not given yet; markup; space
            at its ends.
    """
    text = normalize("NFC", raw_text)
    if any(is_unseen(sign) or category(sign) == "Cn" for sign in text):
        raise ValueError("signs that hide, reorder or break a line are refused, and those that are no signs yet")
    if _MARKUP.search(text):
        raise ValueError("markup is refused; write plain words")
    if text != text.strip():
        raise ValueError("text begins and ends with a word")
    return text


def pronounceable(text: str) -> str:
    """Return a readable text that can be a name.

    Raises:
        ValueError: it holds neither letter nor digit.
    """
    if not any(sign.isalnum() for sign in text):
        raise ValueError("a name has a letter or a digit")
    return text


def definite(text: str) -> str:
    """Return a readable text that names what it speaks of (R8).

    Raises:
        ValueError: it holds a vague word.
    """
    if _holds(text, _VAGUE):
        raise ValueError("name each one; vague words are refused")
    return text


def without_waiver(text: str) -> str:
    """Return a readable text that takes no right away (R12).

    Raises:
        ValueError: it says that using is agreeing, or that nobody may complain.
    """
    if _holds(text, _WAIVERS):
        raise ValueError("a text takes no right away: using is not agreeing, and complaining stays free")
    return text


Readable = Annotated[str, AfterValidator(readable)]
Told = Annotated[Readable, AfterValidator(without_waiver)]
Name = Annotated[Told, AfterValidator(pronounceable)]
Definite = Annotated[Told, AfterValidator(definite)]


def _holds(text: str, phrases: tuple[str, ...]) -> bool:
    """Find a phrase in whatever case and spacing it is written."""
    said = " ".join(text.casefold().split())
    return any(phrase in said for phrase in phrases)
