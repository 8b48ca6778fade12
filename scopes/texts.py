"""What people read: every text in both languages, composed (NFC), never empty."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _is_nfc(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("text is not in Unicode form NFC")
    return text


Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True, strict=True), AfterValidator(_is_nfc)]


class Written(BaseModel):
    """Something in a catalogue file: nothing else may stand there, and nobody changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Written):
    """One text in Vietnamese and in English; neither may be missing."""

    vi: Line
    en: Line


class Wording(Written):
    """What a scope opens, said to one kind of reader.

    Args:
        name: what it is called.
        explanation: in whole sentences.
        can, cannot: what an app holding it can and cannot do; one sentence each.
    """

    name: Text
    explanation: Text
    can: tuple[Text, ...] = Field(min_length=1)
    cannot: tuple[Text, ...] = Field(min_length=1)
