"""Which texts the pages hold, and the one command that brings them into the English catalogue.

`python -m gateway.ground.web.messages` reads every template and module under `gateway/` and updates the `.po`: new
texts come in untranslated, unused ones leave. A test fails while a text is without English.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from gateway.ground.web.catalogue import ENGLISH

GATEWAY = Path(__file__).resolve().parents[2]
# `many("%(num)s mục", n)`: Vietnamese has no plural, so one text stands for both forms.
KEYWORDS = {**DEFAULT_KEYWORDS, "many": (1, 1)}
METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
# Fixed, so that the file changes only where a text did.
HEADER = """# Quyen in English.
msgid ""
msgstr ""
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""

Text = str | tuple[str, ...]


def list_texts(root: Path = GATEWAY) -> Iterator[tuple[str, Text, str | None]]:
    """Yield the place (file below `root`), source text and context of each message; a text with plurals is a tuple."""
    for path, _line, text, _comments, context in extract_from_dir(
        root, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        yield path, text, context


def read_catalogue() -> Catalog:
    """Read the committed English catalogue."""
    with ENGLISH.open("rb") as source:
        return read_po(source, locale="en")


def update_catalogue() -> Catalog:
    """Write the catalogue anew: every text that is in use, with the English that it had."""
    old = read_catalogue()
    catalogue = Catalog(locale="en")
    for path, text, context in list_texts():
        known = old.get(text, context)
        catalogue.add(text, known.string if known else "", locations=[(path, 0)], context=context)
    with ENGLISH.open("wb") as target:
        target.write(HEADER.encode())
        write_po(target, catalogue, width=120, sort_by_file=True, include_lineno=False, omit_header=True)
    return catalogue


def list_untranslated(catalogue: Catalog) -> list[Text]:
    """Return the texts that have no English yet, one without a plural form included."""
    return [_text(entry.id) for entry in catalogue if entry.id and not all(_forms(entry.string))]


def _text(text: str | list[str] | tuple[str, ...]) -> Text:
    return text if isinstance(text, str) else tuple(text)


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


if __name__ == "__main__":
    for missing in list_untranslated(update_catalogue()):
        sys.stdout.write(f"no English: {missing}\n")
