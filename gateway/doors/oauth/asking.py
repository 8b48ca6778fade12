"""The rules of an authorization request: one small named check for each, in the order in which they are tried."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from gateway.acts.open_request import NO_DETAILS, Asked
from gateway.doors.oauth.details import check_named, find_details
from gateway.doors.oauth.dynamic import Askable
from gateway.doors.oauth.parameters import Parameters
from gateway.doors.oauth.scope_names import choose_asks, drop_closed
from gateway.doors.oauth.targets import find_platform
from gateway.doors.oauth.wishes import parse_wishes
from gateway.records.apps.types import App, Ask
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details
from scopes import ResourceKind

RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query",)
CHALLENGE_METHODS = ("S256",)
LONGEST_STATE_BYTES = 8 * 1024
"""Anyone may hand in a request, and it is kept for a day; a browser's address takes hardly more."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Asking:
    """A request of a known app that may be answered at `redirect_uri`; nothing else of it is believed yet.

    `resources` are the platforms that are set up here, by the identifiers of their APIs; `scopes` all scopes of theirs,
    and `kinds` those that may be narrowed to resources. `classes` are the door's.
    """

    unverified: Parameters
    app: App
    askable: Askable
    redirect_uri: str
    resources: Mapping[str, str]
    is_pushed: bool = False
    kinds: Mapping[str, ResourceKind] = field(default_factory=dict)
    scopes: Collection[str] = ()
    classes: Collection[str] | None = None

    def find_details(self) -> Details | None:
        """Return the app's details (RFC 9396), if it sent some.

        Raises:
            Refusal: `invalid_authorization_details`.
        """
        served = [ask for ask in self.askable.asks if ask.platform in self.resources.values()]
        return find_details(self.unverified, self.app, served, self.kinds)

    def choose(self) -> tuple[Ask, ...]:
        """Return what is asked, on the one platform that scope, details and resource name.

        Raises:
            Refusal: `invalid_scope`, `invalid_authorization_details`, `invalid_target`.
        """
        details, raw_scope = self.find_details(), self.unverified.find("scope")
        chosen = self._named(raw_scope) if details is None or raw_scope is not None else self._detailed(details)
        check_named(details, frozenset(ask.id for ask in chosen))
        if find_platform(self.resources, self.unverified) not in {None, chosen[0].platform}:
            raise Refusal("invalid_target", "what is asked is not of the API that resource names")
        return chosen

    def _detailed(self, details: Details) -> tuple[Ask, ...]:
        return tuple(ask for ask in self.askable.asks if ask.id in details.resources)

    def _named(self, raw_scope: str | None) -> tuple[Ask, ...]:
        platform = find_platform(self.resources, self.unverified)
        if raw_scope is not None and self.app.is_dynamic:
            raw_scope = drop_closed(raw_scope, self.askable.asks, self.scopes)
        usual = [ask for ask in self.askable.usual if platform in {None, ask.platform}]
        chosen = choose_asks(raw_scope, usual if raw_scope is None else self.askable.asks)
        if chosen[0].platform not in self.resources.values():
            raise Refusal("invalid_scope", "this gateway does not serve that platform", told_as="platform_not_served")
        return chosen


def check_not_repeated(asking: Asking) -> None:
    """No parameter stands twice, also none that is unknown here (OAuth 2.1 section 3.1)."""
    if asking.unverified.repeated:
        raise Refusal("invalid_request", "a parameter stands more than once")


def check_state(asking: Asking) -> None:
    """The state can be stored and given back as it came."""
    state = asking.unverified.find("state") or ""
    if _CONTROL.search(state):
        raise Refusal("invalid_request", "state holds a control character")
    if len(state.encode()) > LONGEST_STATE_BYTES:
        raise Refusal("invalid_request", f"state has at most {LONGEST_STATE_BYTES} bytes")


def check_request_object(asking: Asking) -> None:
    """The request stands in the parameters themselves: signed ones (RFC 9101) are not supported, and not ignored."""
    sent = [name for name in ("request", "request_uri") if asking.unverified.find(name) is not None]
    if sent and asking.is_pushed:
        raise Refusal("invalid_request", "a pushed request holds no request object and names no other")
    if "request" in sent:
        raise Refusal("request_not_supported", "request objects are not supported")
    if sent:
        raise Refusal("request_uri_not_supported", "request_uri leads to no request that was pushed here")


def check_pushed(asking: Asking) -> None:
    """An app that registered so hands its requests in itself (RFC 9126 section 6)."""
    if asking.app.must_push and not asking.is_pushed:
        raise Refusal("invalid_request", "this app registered to push its requests")


def check_response_type(asking: Asking) -> None:
    """A code is asked for; nothing else is given out here."""
    if asking.unverified.get("response_type") not in RESPONSE_TYPES:
        raise Refusal("unsupported_response_type", "response_type must be code")


def check_response_mode(asking: Asking) -> None:
    """The answer goes into the query."""
    if asking.unverified.find("response_mode") not in {None, *RESPONSE_MODES}:
        raise Refusal("invalid_request", "response_mode must be query")


def check_challenge(asking: Asking) -> None:
    """PKCE, by S256 alone; a challenge without a method means plain (RFC 7636 section 4.3)."""
    challenge = asking.unverified.get("code_challenge")
    if asking.unverified.find("code_challenge_method") not in CHALLENGE_METHODS:
        raise Refusal("invalid_request", "code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise Refusal("invalid_request", "code_challenge must be 43 characters of base64url")


def check_key(asking: Asking) -> None:
    """The key to which the code is to be bound is named by its thumbprint (RFC 9449 section 10)."""
    named = asking.unverified.find("dpop_jkt")
    if named is not None and not _CHALLENGE.fullmatch(named):
        raise Refusal("invalid_request", "dpop_jkt must be 43 characters of base64url")


def check_scope(asking: Asking) -> None:
    """What is asked, by scope or details, was registered, on one platform, set up here, which is the named target."""
    asking.choose()


def check_wishes(asking: Asking) -> None:
    """What the app wants of the sign-in and the screen can be read and had, and is not that nobody be asked (R17)."""
    classes = parse_wishes(asking.unverified).acr_values
    if classes and asking.classes is not None and not set(classes) & set(asking.classes):
        raise Refusal("unmet_authentication_requirements", "no sign-in here reaches a class that acr_values names")


CHECKS: tuple[Callable[[Asking], None], ...] = (
    check_not_repeated,
    check_state,
    check_request_object,
    check_pushed,
    check_response_type,
    check_response_mode,
    check_challenge,
    check_key,
    check_scope,
    check_wishes,
)


def asked_of(asking: Asking, jkt: str | None) -> Asked:
    """Return what a request that passed every check asks for, its code bound to the key with this thumbprint."""
    return Asked(
        app_id=asking.app.id,
        ask_ids=tuple(ask.id for ask in asking.choose()),
        redirect_uri=asking.redirect_uri,
        state=asking.unverified.find("state"),
        code_challenge=asking.unverified.get("code_challenge"),
        jkt=jkt,
        is_pushed=asking.is_pushed,
        wishes=parse_wishes(asking.unverified),
        details=asking.find_details() or NO_DETAILS,
    )


def answerable_state(asking: Asking) -> str | None:
    """Return the state to give back with an error: None where none came, or not one, or one that was refused."""
    try:
        check_state(asking)
        return asking.unverified.find("state")
    except Refusal:
        return None
