"""What the people's pages show: coming in (first page, sign-in, connections) and what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from gateway.doors.person.views import AccountView
from gateway.doors.person.views_sign_in import ProviderButton
from gateway.ground.web.app_labels import AppLabel


@dataclass(frozen=True, slots=True)
class FirstView:
    """`GET /`: the doors by role."""

    TEMPLATE: ClassVar[str] = "person/first.html"


@dataclass(frozen=True, slots=True)
class SignInView:
    """`GET /sign-in`, and its answers 401 and 429.

    Args:
        return_to: own path to go to afterwards; a hidden field.
        state: `first`; `again` (signed in, asked once more); `wrong` (401, one text for every cause); `limited` (429).
        login: what was typed, kept; the password never is.
        for_app: name of the app whose authorize this continues, else empty.
        retry_after_minutes: with `limited`.
        providers: whose buttons stand round the form.
        label: what stands beside the name `for_app`.
        is_repeated: somebody is signed in, and `for_app` wants it newer or otherwise.
    """

    TEMPLATE: ClassVar[str] = "person/sign_in.html"
    return_to: str
    state: Literal["first", "again", "wrong", "limited"] = "first"
    login: str = ""
    for_app: str = ""
    retry_after_minutes: int = 15
    providers: Sequence[ProviderButton] = ()
    label: AppLabel | None = None
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class UnopenedCall:
    """Something that the platform does not let the gateway do at a linked account, though an app may.

    Args:
        app: the name of the app that met it last.
        thing: what it wanted, as the trace says it after the app's name.
        at: when that was.
    """

    app: str
    thing: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One linked account.

    Args:
        state: `live`; `lost` (the platform refuses the connection: link again); `none` (an app holds something there
            and brought an upstream app, under which nobody linked the account yet).
        platform_slug: `zalo`, `zalosocial`, `matrix` or `kiotviet`, for the form that links again.
        since: when it was linked last, or when it was lost; None where nobody knows.
        live_grants: how many apps hold a permission there now and go through this upstream app.
        upstream_id: which upstream app it is, for the form; "" is the gateway's own.
        through: the name of the app that brought it, or "".
        is_own: the account is the reader's own self at the platform, which they may take away.
        unopened: what the platform lately did not open through this connection, though it is live; the newest first.
    """

    account: AccountView
    platform_slug: str
    state: Literal["live", "lost", "none"]
    since: datetime | None
    live_grants: int
    upstream_id: str = ""
    through: str = ""
    is_own: bool = False
    unopened: Sequence[UnopenedCall] = ()


@dataclass(frozen=True, slots=True)
class ConnectionsView:
    """`/connections`: the linked accounts and the ways to link one more.

    Args:
        rows: newest first; may be empty.
        platforms: slugs of the platforms that this gateway serves; `zalo` and `zalosocial` give a button (POST
            `platform=zalo`),
            `matrix` a form (`platform=matrix`, `user_id`, `password`), `kiotviet` one (`retailer`, `client_id`,
            `client_secret`).
        error: `refused` (the platform said no), `cancelled`, `own_first` (under an app's own
            upstream app, with no standing yet), `stale` (a return that is unknown, used, late or another
            person's), `wrong_secret`, `unreachable`, `limited`, or "".
        error_platform: the slug it is about.
        typed: what was filled into the platform's form, by field; never the secret.
        linked: the account that was linked a moment ago, or None.
        missed: the account that was to be linked again, where another was linked; or None.
        unlinked: one was taken away a moment ago.
        return_to: the consent screen that waits for the link, or "".
        damaged: ids of connections that cannot be read.
    """

    TEMPLATE: ClassVar[str] = "person/connections.html"
    rows: Sequence[ConnectionRow]
    platforms: Sequence[str]
    error: str = ""
    error_platform: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    linked: AccountView | None = None
    return_to: str = ""
    unlinked: bool = False
    damaged: Sequence[str] = ()
    missed: AccountView | None = None


@dataclass(frozen=True, slots=True)
class ChangePasswordView:
    """`GET /change-password`: whom to ask; the gateway has no page on which people change it."""

    TEMPLATE: ClassVar[str] = "person/change_password.html"


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Any page that could not be: what happened, what did *not* happen, what to do.

    Args:
        status: the HTTP status, shown small.
        code: stable slug; `no_verdict`, `not_settled`, `not_found`, `csrf_failed`, `forbidden`, `expired`, `decided`,
            `too_large`, `bad_form`, `unsupported_media`, `limited`, `staff_may_not_consent`, `invalid_scope`,
            `invalid_request`, `unknown_client`, `app_suspended`, `internal` and those of a failed sign-in have words of
            their own; what else an app asks wrongly has those of `invalid_request`; any other shows the general ones.
        request_id: shown and asked for when someone writes to the operator.
        at: when.
        detail: a `Refusal.detail`, or "".
        back: own path to offer, or "" for the first page.
        away: a checked address of the app to which the person may go with the error, or "".
        needs: with `forbidden`, `owner`, `developer` or `operator`: whose page this is; else "".
        told_as: with `invalid_scope`, `nothing_asked`, `several_platforms`, `platform_not_served`, `unknown_scope` or
            `closed_scope`: which words say it; with `no_verdict`, `not_done`, `perhaps_done` or `not_signed_in`: what
            came of the form that was sent; with `invalid_request_uri`, `decided` or `expired`; else "", and the code's
            own do.
    """

    TEMPLATE: ClassVar[str] = "person/error.html"
    status: int
    code: str
    request_id: str
    at: datetime
    detail: str = ""
    back: str = ""
    away: str = ""
    needs: str = ""
    told_as: str = ""
