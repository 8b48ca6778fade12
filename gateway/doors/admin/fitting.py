"""What of a registration file does not fit: a scope that is none, one thing twice, a condition nobody may make.

Read from the file as it was written, so that whoever mends it hears of this together with what is no value at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.records.apps.dialects import DIALECTS
from gateway.records.apps.types import ADVERTISING
from scopes import Catalogue

_LANGUAGES = ("vi", "en")
_CONFIDENTIAL = ("dialect", "manages_itself", "jwks")
_Said = Mapping[str, Any]


def list_misfits(said: object, catalogue: Catalogue) -> Iterator[str]:
    """Yield each by its place, such as `asks.1.scope: ...`; a place that cannot be read is passed over.

    Args:
        said: what stands in the file, checked or not; what was checked is judged whole.
        catalogue: the scopes and platforms that there are.
    """
    if not isinstance(said, Mapping):
        return
    raw_asks = said.get("asks")
    asks = [_mapping(each) for each in raw_asks] if isinstance(raw_asks, list) else []
    for at, ask in enumerate(asks):
        yield from (f"asks.{at}.{each}" for each in _list_of_ask(ask, asks[:at], catalogue))
    dialect = _text(said, "dialect")
    if dialect is not None and dialect not in DIALECTS:
        yield f"dialect: {dialect} is none of {', '.join(DIALECTS)}"
    if said.get("kind") == "public":
        yield from (f"{place}: for a confidential app only" for place in _CONFIDENTIAL if said.get(place))
    if said.get("addresses") and dialect is None:
        yield "addresses: for an app of a platform's dialect only"
    if dialect is not None and said.get("dpop_bound_access_tokens"):
        yield "dpop_bound_access_tokens: a platform's dialect knows bearer tokens only"
    if not (said.get("redirect_uris") or said.get("may_use_devices")):
        yield "redirect_uris: an app names a redirect URI, or asks from devices"


def _list_of_ask(ask: _Said, before: Sequence[_Said], catalogue: Catalogue) -> Iterator[str]:
    ask_id, scope, purpose = (_text(ask, name) for name in ("id", "scope", "purpose"))
    if scope is not None and scope not in catalogue.scopes:
        yield f"scope: the catalogue has no scope {scope}"
    if ask_id is not None and ask_id in [each.get("id") for each in before]:
        yield "id: stands twice"
    if None not in {scope, purpose} and (scope, purpose) in [
        (each.get("scope"), each.get("purpose")) for each in before
    ]:
        yield "purpose: a scope stands once for one purpose"
    yield from _list_of_basis(ask, scope, catalogue)
    if ask.get("required") is not True:
        return
    if purpose in ADVERTISING:
        yield "required: advertising is an item of its own that nobody has to agree to"
    if any(isinstance(words := ask.get(lang), Mapping) and not words.get("why_required") for lang in _LANGUAGES):
        yield "required: a required ask says why (why_required), in both languages"


def _list_of_basis(ask: _Said, scope: str | None, catalogue: Catalogue) -> Iterator[str]:
    """A contract and its agreement stand together, and only an ask about other people has a basis (R78)."""
    known = catalogue.scopes.get(scope or "")
    if known is not None and known.whose != "subject" and ask.get("basis") is not None:
        yield "basis: only an ask about other people has one"
    has_agreement = ask.get("agreement") is not None
    if ask.get("basis") == "contract" and not has_agreement:
        yield "agreement: a contract is named by its number and its day"
    if ask.get("basis") != "contract" and has_agreement:
        yield "agreement: stands with the basis contract"


def _mapping(said: object) -> _Said:
    return said if isinstance(said, Mapping) else {}


def _text(said: _Said, name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None
