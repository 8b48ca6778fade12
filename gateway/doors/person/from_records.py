"""From records to the pieces that views share. Names that outsiders chose are made harmless to read here, once."""

from dataclasses import replace
from urllib.parse import urlsplit

from gateway.doors import app_label, host_of, spoken
from gateway.doors.person.views import AccountView, AppView, AskView
from gateway.doors.person.words import role_name, words
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.ground.web.responses import LOOPBACK_HOSTS
from gateway.records.accounts.types import Account, Standing
from gateway.records.apps.types import App, AppOrigin
from scopes import Catalogue


def platform_name(catalogue: Catalogue, platform: str, lang: Lang) -> str:
    """Name a platform; one that left the catalogue keeps its slug."""
    known = catalogue.platforms.get(platform)
    return spoken(known.name, lang) if known else platform


def app_view(app: App, redirect_uri: str | None = None, *, said: str | None = None) -> AppView:
    """Show an app as the register knows it; with a checked redirect URI also where a request's answer goes.

    `said` is the digest of what a dynamic app says of itself, for a page that is answered.
    """
    parts = urlsplit(redirect_uri or "")
    is_web = parts.scheme in {"http", "https"}
    return AppView(
        name=plain(app.name),
        legal_name=plain(app.legal_entity),
        domain=plain(app.domain),
        contact=plain(app.contact),
        verified_at=app.reviewed_at,
        is_dynamic=app.is_dynamic,
        is_nameless=app.is_nameless,
        document=plain(app.id, LONGEST_TEXT) if app.origin is AppOrigin.DOCUMENT else "",
        returns_to=plain(host_of(redirect_uri or "")),
        is_local=is_web and parts.hostname in LOOPBACK_HOSTS,
        said=said or "",
        client_id=plain(app.id, LONGEST_TEXT),
        label=app_label(app),
    )


def app_title(app: App, lang: Lang) -> str:
    """Name an app in one line of text, with its label."""
    _, label = words(lang), app_label(app)
    if label.is_verified:
        return plain(app.name)
    told = [_("Chưa xác minh"), *([_("tên tự đặt"), label.where] if label.is_dynamic else [])]
    return f"{plain(app.name)} ({' · '.join(told)})"


def about_reader(ask: AskView, profile: Account | None) -> AskView:
    """Show an ask to whoever decides: to the person whose profile it is, nothing of it is about anybody else."""
    return ask if profile is None or profile.parent_id is None else to_self(ask)


def to_self(ask: AskView) -> AskView:
    """Show an ask about people to the one person whom it is about, in words that say so."""
    own = ask.own or ask
    return replace(ask, about_others=False, name=own.name, explanation=own.explanation, can=own.can, cannot=own.cannot)


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
