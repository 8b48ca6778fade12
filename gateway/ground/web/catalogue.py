"""The two languages: Vietnamese is the source text, English a catalogue.

The committed `.po` is compiled in memory at the first use, so that no built file can be missing or stale.
"""

from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from gateway.ground.web.frame import Lang

ENGLISH = Path(__file__).parent / "locale" / "en" / "LC_MESSAGES" / "quyen.po"


@cache
def load_catalogue(lang: Lang) -> NullTranslations:
    """Return the words of a language; Vietnamese is the source text itself.

    Raises:
        ValueError: the `.po` cannot be read; start-up fails.
    """
    if lang == "vi":
        return NullTranslations()
    with ENGLISH.open("rb") as source:
        catalogue = read_po(source, locale="en", abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def words(lang: Lang) -> Callable[[str], str]:
    """Return the translation into a language of texts that code marks by `_(...)`."""
    return load_catalogue(lang).gettext
