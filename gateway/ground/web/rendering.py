"""Pages out of templates and views, in either language.

Templates see `frame`, `view` and the words below, nothing else; an undefined name is an error, not an empty place.
"""

from collections.abc import Callable, Mapping
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import BytecodeCache, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from gateway.ground.web import local
from gateway.ground.web.assets import Assets
from gateway.ground.web.catalogue import load_catalogue
from gateway.ground.web.frame import Frame, Lang, PageView
from gateway.ground.web.qr import draw_qr

if TYPE_CHECKING:
    from types import CodeType

LANGS: Final[tuple[Lang, ...]] = ("vi", "en")
OWN_TEMPLATES = Path(__file__).parent / "templates"
FILTERS: Final[dict[str, Callable[..., str]]] = {
    "time": local.write_time,
    "second": local.write_second,
    "clock": local.write_clock,
    "day": local.write_day,
    "machine": local.write_machine,
    "number": local.write_number,
    "qr": draw_qr,
}


class _Compiled(BytecodeCache):
    """The code of every template, which is the same for both languages: compiled once in a process, kept in memory."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket where its template was compiled from the same source before."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = _Compiled()


class Pages:
    """Every template of the gateway, compiled once.

    Args:
        folders: the doors' template folders by the name that stands before the slash, `{"person": Path(...)}`; `web/`
            is this package's own.
        assets: where the stylesheet is served.
    """

    def __init__(self, folders: Mapping[str, Path], assets: Assets) -> None:
        self._environments = {lang: _environment(folders, assets, load_catalogue(lang)) for lang in LANGS}

    def render(self, template: str, lang: Lang, **context: object) -> str:
        """Return the text of one template.

        Raises:
            jinja2.TemplateError: the template is not there, or names what the context does not hold: a bug.
        """
        return self._environments[lang].get_template(template).render(context)

    def page(self, frame: Frame, view: PageView) -> str:
        """Return the whole page of a view."""
        return self.render(view.TEMPLATE, frame.lang, frame=frame, view=view, link=frame.link)

    def list_templates(self) -> list[str]:
        """Return the name of every template."""
        return self._environments["vi"].list_templates()


def _environment(folders: Mapping[str, Path], assets: Assets, words: NullTranslations) -> Environment:
    """Build one language's environment; autoescape has no exception, so text is markup only where `Markup` says so."""
    loaders = {name: FileSystemLoader(folder) for name, folder in {"web": OWN_TEMPLATES, **folders}.items()}
    environment = Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(_=_one(words), pgettext=_in_context(words), many=_many(words), asset=assets.url)
    return environment


def _one(words: NullTranslations) -> Callable[..., Markup]:
    """`_("Đang ở <b>%(domain)s</b>", domain=...)`: the text is ours and may hold markup, each value is escaped."""

    def translate(text: str, /, **values: object) -> Markup:
        return Markup(words.gettext(text)) % values  # noqa: S704 - the text is a literal of a template

    return translate


def _in_context(words: NullTranslations) -> Callable[..., Markup]:
    """`pgettext("nút bấm", "Tạm dừng")`: as `_`, where one Vietnamese word is two in English."""

    def translate(context: str, text: str, /, **values: object) -> Markup:
        return Markup(words.pgettext(context, text)) % values  # noqa: S704 - the text is a literal of a template

    return translate


def _many(words: NullTranslations) -> Callable[..., Markup]:
    """`many("%(num)s mục", n)`: as `_`, by number; `num` is written with dots."""

    def translate(text: str, count: int, /, **values: object) -> Markup:
        found = Markup(words.ngettext(text, text, count))  # noqa: S704 - the text is a literal of a template
        return found % {"num": local.write_number(count), **values}

    return translate
