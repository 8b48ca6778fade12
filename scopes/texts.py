"""What people read: every text in both languages, composed (NFC), never empty."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


def _is_nfc(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("text is not in Unicode form NFC")
    return text


Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True, strict=True), AfterValidator(_is_nfc)]


class Text(BaseModel):
    """One text in Vietnamese and in English; neither may be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: Line
    en: Line
