"""What an app's own affairs take and answer, as models: for their description, which a test holds against them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.doors.management.paging import LINES, MOST_LINES
from gateway.doors.management.problems import PROBLEMS
from gateway.ground.web.openapi import sometimes
from gateway.records.grants.telling import WANTED
from gateway.records.grants.types import PermissionState
from gateway.records.outbox.types import EndpointState, NoticeState

Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
Count = Annotated[int, Field(ge=0)]


class _Closed(BaseModel):
    """An answer with these members and no others."""

    model_config = ConfigDict(extra="forbid")


class Problem(_Closed):
    """RFC 9457."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: Annotated[str, Field(json_schema_extra={"enum": sorted(PROBLEMS)})]
    detail: str
    request_id: str
    note: str = sometimes("in English: what exactly was wrong")


class PageQuery(BaseModel):
    """A page of a list."""

    limit: int = Field(LINES, ge=1, le=MOST_LINES)
    cursor: str = sometimes("from `next_cursor`")


class PublicKey(_Closed):
    """What a notice's signature is checked by."""

    public_key: str
    last4: str
    created_at: Time


class NoticeEndpoint(_Closed):
    """Where notices go. `secret` stands there once, when it was made."""

    url: str
    state: EndpointState
    changed_at: Time
    keys: list[PublicKey]
    secret: str = sometimes("when it was made")
    event_key: str = sometimes("when it was made, to an app of a platform's dialect")


class NoticeLine(_Closed):
    """One notice, and what became of it."""

    id: str
    type: str
    grant_id: str | None
    version: int | None
    state: NoticeState
    tries: Count
    outcome: str
    created_at: Time
    next_try_at: Time | None


class NoticePage(_Closed):
    """The delivery log, newest first."""

    notices: list[NoticeLine]
    next_cursor: str = sometimes("where more follow")


class Replayed(_Closed):
    """A notice that waits again."""

    id: str
    state: Literal["waiting"]


class AskState(_Closed):
    """How one ask of a grant stands."""

    ask: str
    scope: str
    purpose: str
    state: PermissionState
    ends_at: Time | None
    resources: list[str] = sometimes("which alone, where it is narrowed to some", min_length=1)
    wanted: Annotated[str, Field(json_schema_extra={"enum": sorted({*WANTED.values(), "stop"})})]


class GrantLine(_Closed):
    """One grant, as its latest notice would tell it."""

    grant_id: str
    version: int
    asks: list[AskState]


class GrantPage(_Closed):
    """An app's grants, newest first."""

    grants: list[GrantLine]
    next_cursor: str = sometimes("where more follow")


class AskCount(_Closed):
    """One ask, and how many permissions for it stand how."""

    ask: str
    scope: str
    purpose: str
    live: Count
    paused: Count
    withdrawn: Count
    expired: Count
    reconfirm: Count


class AskCounts(_Closed):
    """Every ask of the app."""

    asks: list[AskCount]
