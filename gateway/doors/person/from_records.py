"""From records to the pieces that views share. Names that outsiders chose are made harmless to read here, once."""

import unicodedata

from gateway.doors.person.views import AccountView, AppView, AskView, Recipient
from gateway.doors.person.words import country_name, role_name
from gateway.ground.web.frame import Lang
from gateway.records.accounts.types import Account, Standing
from gateway.records.apps.types import App, Ask
from scopes import Catalogue, Scope, Text

ADVERTISING = frozenset({"advertising", "marketing"})
LONGEST_NAME = 120
LONGEST_TEXT = 2000
_SHOWN_AS = "\N{REPLACEMENT CHARACTER}"


def plain(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a text as people may see it: what reorders, hides or breaks a line shows as a mark, and length has an end.

    Escaping is the template's; this is about signs that are harmless to a parser and not to a reader.
    """
    shown = "".join(_SHOWN_AS if _is_unseen(sign) else sign for sign in name)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def spoken(text: Text, lang: Lang) -> str:
    """Return a catalogue's text in the page's language."""
    return text.en if lang == "en" else text.vi


def platform_of(scope_id: str) -> str:
    """Return the platform that a scope belongs to: the first word of its id."""
    return scope_id.partition(".")[0]


def platform_name(catalogue: Catalogue, platform: str, lang: Lang) -> str:
    """Name a platform; one that left the catalogue keeps its slug."""
    known = catalogue.platforms.get(platform)
    return spoken(known.name, lang) if known else platform


def app_view(app: App) -> AppView:
    """Show an app as the register knows it."""
    return AppView(
        name=plain(app.name),
        legal_name=plain(app.legal_entity),
        domain=plain(app.domain),
        contact=plain(app.contact),
        verified_at=app.reviewed_at,
    )


def account_view(
    catalogue: Catalogue, account: Account, lang: Lang, *, standing: Standing | None = None
) -> AccountView:
    """Show an account, with what the reader may do there if that matters."""
    return AccountView(
        id=account.id,
        name=plain(account.name),
        platform=platform_name(catalogue, account.platform, lang),
        external_id=plain(account.external_id),
        role=role_name(standing.role, lang) if standing else "",
        proven_at=standing.proven_at if standing else None,
    )


def ask_name(catalogue: Catalogue, ask: Ask, lang: Lang, *, is_shared: bool = False) -> str:
    """Name an ask: its scope's plain name, and its purpose where the app has several on that scope."""
    scope = catalogue.scopes.get(ask.scope)
    name = spoken(scope.name, lang) if scope else ask.scope
    return f"{name} · {plain(ask.purpose)}" if is_shared else name


def ask_views(catalogue: Catalogue, asks: list[Ask], lang: Lang, *, new: frozenset[str] = frozenset()) -> list[AskView]:
    """Show asks in the register's order; those in `new` are marked as not asked before."""
    scopes = [ask.scope for ask in asks]
    return [
        _ask_view(catalogue, ask, lang, is_shared=scopes.count(ask.scope) > 1, is_new=ask.id in new) for ask in asks
    ]


def _ask_view(catalogue: Catalogue, ask: Ask, lang: Lang, *, is_shared: bool, is_new: bool) -> AskView:
    scope = catalogue.scopes.get(ask.scope)
    text = ask.texts.get(lang) or ask.texts["vi"]
    return AskView(
        id=ask.id,
        name=ask_name(catalogue, ask, lang, is_shared=is_shared),
        purpose=plain(text.purpose, LONGEST_TEXT),
        refusal_effect=plain(text.refusal_effect, LONGEST_TEXT),
        data_types=[spoken(kind, lang) for kind in scope.data_types] if scope else [],
        kept_days=ask.retention_days,
        recipients=[Recipient(plain(each.name), plain(country_name(each.country, lang))) for each in ask.recipients],
        required=ask.is_required,
        required_why=plain(text.why_required, LONGEST_TEXT) if ask.is_required else "",
        about_others=scope is not None and scope.whose == "subject",
        sensitive_why=_sensitive_why(scope, lang),
        advertising=ask.purpose in ADVERTISING,
        is_new=is_new,
        enforced_by_app=scope is not None and scope.enforced_by == "app",
    )


def _sensitive_why(scope: Scope | None, lang: Lang) -> str:
    return spoken(scope.sensitive_because, lang) if scope and scope.sensitive_because else ""


def _is_unseen(sign: str) -> bool:
    """Tell controls, format signs (bidi, zero-width), line separators, surrogates, and fillers that show as nothing."""
    return (
        unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} or sign in "\u115f\u1160\u3164\uffa0\u2800"
    )
