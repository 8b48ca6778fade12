"""A catalogue file as people write it; the shapes that pydantic checks before anything is compiled.

Scopes are used as they are written. Routes and answers are compiled from these by `compiling.py`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, StringConstraints, model_validator

from scopes.bodies import BodyNode, BodyRule
from scopes.left_out import DeniedEntry, LeftOut
from scopes.queries import QueryRule
from scopes.rules import ValueRule
from scopes.scope import ResourceKind, Scope, ScopeId, Slug
from scopes.texts import Text, Written

Header = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
AnswerScalar = str | bool | int | None
_TYPE = "(string|integer|number|boolean)"


class AnswerNode(Written):
    """One place in an answer: a scalar (`type`), or one of the containers.

    A bare word is short for `{type: word}`. `scope` and `whose` hold for everything inside unless said anew.

    Args:
        scope: what opens it; `any` for whatever opened the route.
        whose: overrides the scope's own `whose`, for one field that is about somebody else.
        type: `string`, `integer`, `number`, `boolean`, or several joined by `|`; null passes too.
        masked_as: what stands there when it is withheld; absent when not written.
        subject: the id of the person whom the object around it is about.
        marks_minor: says that this person is under age; it is read and never passes. Unless it says no, nothing that
            rests on the person passes either, whatever their basis.
        fields: an object; members that are not listed are dropped.
        items, leaves_out: a list; that an item is there may tell as much as what is in it: then it is left out, not
            masked, where no scope that opens the route passes the person whom it names.
        values, keys_are_subjects: an object with free keys and like values.
        by, cases: an object whose listed members depend on the sibling `by`; an unlisted case gives `{}`.
        either: places of different JSON forms (an object, a list, a scalar); the platform answers one of them.
        use: the name of an answer shape of the same file.
    """

    scope: str | None = None
    whose: Literal["account", "subject"] | None = None
    type: Annotated[str, StringConstraints(pattern=rf"^{_TYPE}(\|{_TYPE})*$")] | None = None
    masked_as: AnswerScalar = None
    subject: bool = False
    marks_minor: bool = False
    fields: Mapping[str, "AnswerNode"] | None = None
    items: "AnswerNode | None" = None
    leaves_out: bool = False
    values: "AnswerNode | None" = None
    keys_are_subjects: bool = False
    by: str | None = None
    cases: Mapping[str, "AnswerNode"] | None = None
    either: "tuple[AnswerNode, ...] | None" = None
    use: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _word_is_a_type(cls, raw: Any) -> Any:
        return {"type": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = [self.type, self.fields, self.items, self.values, self.cases, self.either, self.use]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a place is exactly one of: type, fields, items, values, cases, either, use")
        if self.either is not None:
            forms = [_form_of(one) for one in self.either]
            if len(forms) < 2 or None in forms or len(set(forms)) != len(forms):
                raise ValueError("either is two or three places of different forms: object, list, scalar")
        if (self.cases is None) != (self.by is None):
            raise ValueError("by and cases stand together")
        if self.type is None and (self.subject or "masked_as" in self.model_fields_set):
            raise ValueError("only a scalar is a subject or has masked_as")
        if self.leaves_out and self.items is None:
            raise ValueError("only a list leaves something out")
        if self.marks_minor and (self.type != "boolean" or self.model_fields_set - {"type", "marks_minor"}):
            raise ValueError("what marks a minor is a boolean and nothing else")
        return self


def _form_of(node: AnswerNode) -> str | None:
    if node.fields is not None or node.values is not None:
        return "object"
    return "list" if node.items is not None else None if node.type is None else "scalar"


class Envelope(Written):
    """How a platform that always answers 200 says in the body that it failed.

    Args:
        field: the member that holds the error code.
        success: its values that mean success.
        keep: the scalar members that pass on failure; everything else is dropped.
    """

    field: str
    success: tuple[int | str, ...] = Field(min_length=1)
    keep: tuple[str, ...] = Field(min_length=1)

    def is_success(self, code: object) -> bool:
        """Say whether this value of `field` means success; `true` is not 1."""
        return any(type(code) is type(good) and code == good for good in self.success)


class AnswerEntry(Written):
    """What a route answers: a JSON object (`fields`, or `use` of a shape), or a file that passes unread (neither).

    `about_named`: the answer does not say whom it is about; it is about the people whom the call itself names.
    """

    media_types: tuple[str, ...] = ("application/json",)
    headers: tuple[Header, ...] = ("content-type",)
    scope: str | None = None
    about_named: bool = False
    fields: Mapping[str, AnswerNode] | None = None
    use: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.fields is not None and self.use is not None:
            raise ValueError("an answer has fields or uses a shape, not both")
        return self


class Limits(Written):
    """Bounds of one call.

    Args:
        answer_bytes: a larger answer is refused (or cut off, where it streams).
        seconds: for the whole upstream call.
    """

    answer_bytes: PositiveInt = 1 << 20
    seconds: PositiveInt = 20


class RouteEntry(Written):
    """One route as written; `also` lists further paths that mean the same.

    `crosses_resources`: what it answers may be of another resource than the one that the call names, so a permission
    that is narrowed to resources never opens it. `serves_subject`: what it does is for the person whom it names, as
    erasing what is kept about them is; it is never refused for want of their basis.
    """

    id: Slug
    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
    path: str
    also: tuple[str, ...] = ()
    opened_by: tuple[ScopeId, ...] = Field(min_length=1)
    kind: Literal["read", "write"]
    sentence: Text
    params: Mapping[str, ValueRule] = Field(default_factory=dict)
    query: QueryRule = QueryRule()
    body: BodyRule | None = None
    request_headers: tuple[Header, ...] = ("accept",)
    limits: Limits = Limits()
    crosses_resources: bool = False
    serves_subject: bool = False
    answer: AnswerEntry


class EventEntry(Written):
    """Something that the platform tells by a webhook, as written; what is not listed is dropped.

    Args:
        id: its name to apps, after the platform's.
        names: what the platform calls it; several where one shape fits them all.
        opened_by: any one of these asks gets it.
        sentence: what the trace says of a copy, following the app's name.
        accounts: where the account's id may stand in the body, as dotted places; one that is linked says whose it is.
        subjects: where ids of people may stand, likewise; the account's own id is none.
        login_subject: where the id stands by which the event's one person signs in at the platform; it never passes.
        ends_consent: whoever it is about took back, at the platform, what apps may have of them; every scope about
            people opens it.
        fields: what of the body passes.
    """

    id: Slug
    names: tuple[str, ...] = Field(min_length=1)
    opened_by: tuple[ScopeId, ...] = Field(min_length=1)
    sentence: Text
    accounts: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    login_subject: str | None = None
    ends_consent: bool = False
    fields: Mapping[str, AnswerNode]


class Budget(Written):
    """What a platform takes before it refuses: so many calls in any so many seconds.

    Args:
        calls: how many.
        seconds: in any stretch of so many.
        per: whose calls count together: all that one upstream app sends, or what is sent for one account.
        methods: only calls by these count; empty: every call.
    """

    calls: int = Field(gt=0)
    seconds: int = Field(gt=0)
    per: Literal["upstream_app", "account"]
    methods: tuple[str, ...] = ()


class PlatformFile(Written):
    """One file of the catalogue.

    `account_header`: the request header by which callers name the account. It never passes on: the connector writes it.
    """

    platform: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$")]
    name: Text
    error_style: Literal["envelope", "status"]
    envelope: Envelope | None = None
    budget: Budget | None = None
    account_header: Header | None = None
    error_fields: Mapping[str, AnswerNode] = Field(default_factory=dict)
    resources: Mapping[Slug, ResourceKind] = Field(default_factory=dict)
    body_shapes: Mapping[str, BodyNode] = Field(default_factory=dict)
    answer_shapes: Mapping[str, AnswerNode] = Field(default_factory=dict)
    scopes: tuple[Scope, ...] = Field(min_length=1)
    routes: tuple[RouteEntry, ...] = Field(min_length=1)
    events: tuple[EventEntry, ...] = ()
    denied: tuple[DeniedEntry, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
