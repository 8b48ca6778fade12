"""`authorization_details` (RFC 9396): of one type, `quyen_ask`, which names an ask and narrows what is asked of it.

What a token answer says of an ask may be sent back as it is. Nothing is guessed: what an object does not hold is not
narrowed, what it should not hold is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.doors.oauth.parameters import Parameters
from gateway.records.apps.types import App, Ask
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details
from scopes import ResourceKind
from scopes.strict_json import NotStrict, parse

NAME = "authorization_details"
TYPES = ("quyen_ask",)
MOST_DETAILS = 50
MOST_RESOURCES = 20
"""A person is to read them all before they agree."""
_LONGEST_ID = 512


def _printable(text: str) -> str:
    """Check that a text can be kept and shown: JSON brings signs that a form itself may not hold."""
    if not text.isprintable():
        raise ValueError("not printable")
    return text


_Text = Annotated[str, Field(min_length=1, max_length=_LONGEST_ID), AfterValidator(_printable)]
_Kinds = Mapping[str, ResourceKind]


class _Detail(BaseModel):
    """One object; `scope` and `purpose` say nothing that the ask does not, and must be its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: Literal["quyen_ask"]
    ask: _Text
    scope: _Text = ""
    purpose: _Text = ""
    account: _Text = ""
    resources: Annotated[list[_Text], Field(min_length=1, max_length=MOST_RESOURCES)] = []


_DETAILS = TypeAdapter(Annotated[list[_Detail], Field(min_length=1, max_length=MOST_DETAILS)])


def find_details(unverified: Parameters, app: App, asks: Sequence[Ask], kinds: _Kinds) -> Details | None:
    """Read the app's details; None where it sent none.

    Args:
        unverified: the request.
        app: who asks.
        asks: those of its asks that may be asked here.
        kinds: the scopes that may be narrowed to resources, each with the kind of these.

    Raises:
        Refusal: `invalid_authorization_details`, which repeats nothing that was sent.
    """
    raw_details = unverified.find(NAME)
    if raw_details is None:
        return None
    if app.details_types is not None and not set(TYPES) <= set(app.details_types):
        raise _refusal("this app registered not to use this type")
    details = _parse(raw_details)
    known = {ask.id: ask for ask in asks}
    accounts = {each.account for each in details if each.account}
    if len({each.ask for each in details}) < len(details) or len(accounts) > 1:
        raise _refusal("an ask is named twice, or several accounts are")
    named = [known.get(AskId(each.ask)) for each in details]
    if len({ask.platform for ask in named if ask}) > 1:
        raise _refusal("one request asks on one platform")
    resources = {AskId(each.ask): _check(each, ask, kinds) for each, ask in zip(details, named, strict=True)}
    return Details(resources, next(iter(accounts), None))


def _parse(raw_details: str) -> list[_Detail]:
    try:
        return _DETAILS.validate_python(parse(raw_details.encode()))
    except NotStrict:
        raise _refusal("it is not one JSON array") from None
    except ValidationError as error:
        told = _told(error)
        raise _refusal(f"not usable here: {told}") from None


def _told(error: ValidationError) -> str:
    """Name our own members that are wrong; what was sent under another name is not repeated."""
    places = [each["loc"] for each in error.errors(include_input=False, include_url=False)]
    known = _Detail.model_fields.keys()
    names = [str(place[1]) if str(place[1]) in known else "an unknown member" for place in places if len(place) > 1]
    return ", ".join(dict.fromkeys(names)) or f"an array of 1 to {MOST_DETAILS} objects"


def _check(detail: _Detail, ask: Ask | None, kinds: _Kinds) -> frozenset[str] | None:
    """Hold one object to the ask that it names; return the resources."""
    if ask is None or detail.scope not in {"", ask.scope} or detail.purpose not in {"", ask.purpose}:
        raise _refusal("an ask is named that the app did not register so")
    if not detail.resources:
        return None
    kind, resources = kinds.get(ask.scope), frozenset(detail.resources)
    if kind is None or not all(kind.is_id(each) for each in resources):
        raise _refusal("resources are named that this ask is not about")
    if len(resources) < len(detail.resources):
        raise _refusal("a resource is named twice")
    return resources


def check_named(details: Details | None, ask_ids: frozenset[AskId] | None) -> None:
    """Check that `scope`, where it stands beside them, names every ask of the details: these only say more of it.

    Raises:
        Refusal: `invalid_authorization_details`.
    """
    if details is not None and ask_ids is not None and not details.resources.keys() <= ask_ids:
        raise _refusal("an ask is named that scope does not name")


def _refusal(detail: str) -> Refusal:
    return Refusal("invalid_authorization_details", f"{NAME}: {detail}")
