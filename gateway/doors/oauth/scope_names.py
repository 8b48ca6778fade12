"""The `scope` parameter: names of asks. A scope id means all the app's asks on it, `scope#purpose` exactly one."""

from collections.abc import Collection, Iterable, Sequence

from gateway.records.apps.types import Ask
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal


def choose_asks(raw_scope: str | None, asks: Sequence[Ask]) -> tuple[Ask, ...]:
    """Return the asks that are named, in the order of the app's registration; all, where nothing is named.

    Order and repetition of the names mean nothing; case does.

    Raises:
        Refusal: `invalid_scope`: a name that none of the asks has, no ask at all, or asks on several platforms.
    """
    chosen = list(asks) if raw_scope is None else _named(raw_scope, asks)
    if not chosen:
        registered = ", and the app registered none to ask for here" if raw_scope is None else ""
        raise Refusal("invalid_scope", f"no scope is named{registered}", told_as="nothing_asked")
    _check_one_platform(ask.scope for ask in chosen)
    return tuple(chosen)


def drop_closed(raw_scope: str, asks: Sequence[Ask], scopes: Collection[str]) -> str:
    """Return the names by which a dynamic app may ask; those that are closed to it are left out, as at registration.

    A challenge names all that an operation may need, and a client asks for what it was told (RFC 6749 section 3.3 lets
    a part be ignored; the token answer says what was given). What it may ask it need not register, so each fault is
    another.

    Args:
        raw_scope: the parameter.
        asks: what such an app may ask.
        scopes: every scope of the platforms that are set up here.

    Raises:
        Refusal: `invalid_scope`: there is no such scope here, they are on several platforms, or each of them is closed
            to apps that nobody reviewed.
    """
    named = {name: name.partition("#")[0] for name in raw_scope.split(" ") if name}
    if not set(named.values()) <= set(scopes):
        raise Refusal("invalid_scope", "a scope is named that this gateway does not have", told_as="unknown_scope")
    _check_one_platform(named.values())
    is_open = {ask.scope for ask in asks}
    kept = [name for name, scope in named.items() if scope in is_open]
    if named and not kept:
        told = "every scope that is named is open only to apps that an operator reviewed"
        raise Refusal("invalid_scope", told, told_as="closed_scope")
    return " ".join(kept)


def narrow(raw_scope: str, asks: Sequence[Ask], held: Iterable[AskId]) -> frozenset[AskId]:
    """Return which asks a refresh asks for: a scope id means those on it that are held.

    Where none on it is held, all the app's asks on it are meant, which is more than was granted; the act refuses that
    after it knows whose the token is.

    Raises:
        Refusal: `invalid_scope`: nothing is named, or a name that none of the app's asks has.
    """
    reached = set(held)
    meant: set[AskId] = set()
    for name in raw_scope.split(" "):
        named = {ask.id for ask in _named(name, asks)}
        meant |= (named & reached) or named
    if not meant:
        raise Refusal("invalid_scope", "no scope is named")
    return frozenset(meant)


def _check_one_platform(scopes: Iterable[str]) -> None:
    if len({scope.partition(".")[0] for scope in scopes}) > 1:
        told = "one request asks on one platform: name the scopes of one"
        raise Refusal("invalid_scope", told, told_as="several_platforms")


def _named(raw_scope: str, asks: Sequence[Ask]) -> list[Ask]:
    names = set(raw_scope.split(" ")) - {""}
    known = {name for ask in asks for name in (ask.scope, ask.wire_name)}
    if not names <= known:
        raise Refusal("invalid_scope", "a scope is named that is none of the asks of this app")
    return [ask for ask in asks if names & {ask.scope, ask.wire_name}]
