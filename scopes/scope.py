"""A scope as people write it: what is asked for, in words, and what it may be narrowed to."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, StringConstraints, model_validator

from scopes.formats import FORMATS
from scopes.texts import Text, Wording, Written

ScopeId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(\.[a-z0-9]+){2,3}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Scope(Wording):
    """A permission in the catalogue.

    Args:
        id: `<platform>.<thing>.<action>`.
        version: raised when the meaning changes, which asks everyone again.
        name, explanation, can, cannot: to whoever decides for the account.
        to_self: the same to the one person whom the data is about, where `whose` is `subject`; or whom an app writes to
            by it, where people may take their consent back at the platform (`compiling.py` says where that must stand).
        data_types: what kinds of data pass.
        sensitive_because: why the data is sensitive; there exactly when `sensitivity` says so.
        whose: `account` (the one who grants) or `subject` (other people, whose own basis is needed).
        enforced_by: `gateway`, or `app` where no route can enforce it and the screen says so.
        fresh_auth_seconds: how long ago the person may have signed in whose decision a token rests on (RFC 9470).
            Absent: any time. No scope of the shipped catalogue has it: no law or platform names one.
        narrowed_by: the kind of resources that a permission on it may be narrowed to; absent: it is whole or not there.
    """

    id: ScopeId
    version: PositiveInt
    data_types: tuple[Text, ...] = Field(min_length=1)
    sensitivity: Literal["none", "sensitive"]
    sensitive_because: Text | None = None
    whose: Literal["account", "subject"]
    to_self: Wording | None = None
    enforced_by: Literal["gateway", "app"] = "gateway"
    fresh_auth_seconds: PositiveInt | None = None
    narrowed_by: Slug | None = None

    @property
    def writes_to_people(self) -> bool:
        """Whether it is the account's, and an app does something by it to people who may take back their consent."""
        return self.whose == "account" and self.to_self is not None

    @model_validator(mode="after")
    def _reason_stands_with_sensitivity(self) -> Self:
        if (self.sensitivity == "sensitive") != (self.sensitive_because is not None):
            raise ValueError("sensitive_because stands exactly where sensitivity is sensitive")
        return self

    @model_validator(mode="after")
    def _speaks_to_whom_it_is_about(self) -> Self:
        if self.whose == "subject" and self.to_self is None:
            raise ValueError("to_self stands where whose is subject")
        return self


class ResourceKind(Written):
    """A kind of things on the platform to some of which a permission may be narrowed, such as rooms (RFC 9396).

    Args:
        format: of its ids, a name in `formats.py`; every value of that format is one, and says so.
        only: what people read before the ids of those to which something is narrowed.
    """

    format: str
    only: Text

    def is_id(self, text: str) -> bool:
        """Say whether a text can be the id of one."""
        return FORMATS[self.format].fullmatch(text) is not None
