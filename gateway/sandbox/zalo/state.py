"""What the sandbox remembers: codes, tokens (hashed), messages, cards; kept in one file when a path is given."""

from datetime import datetime
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from gateway.sandbox.state_file import write_state
from gateway.sandbox.zalo.people import Contact


class PendingCode(BaseModel):
    """An authorization code that was not redeemed yet; `challenge` is empty when none was sent.

    Its holder is the OA or the person that it stands for; older files say `oa_id`.
    """

    holder: str = Field(validation_alias=AliasChoices("holder", "oa_id"))
    challenge: str
    expires_at: datetime


class TokenPair(BaseModel):
    """The live pair of an OA or of a person: one access token and one refresh token, never more."""

    hashed_access: str
    access_expires_at: datetime
    hashed_refresh: str
    refresh_expires_at: datetime


class Message(BaseModel):
    """One line between a follower and an OA, in either direction; `extra` holds members that only some types have."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    oa_id: str
    user_id: str
    is_from_user: bool
    sent_at: datetime
    type: str
    text: str
    extra: dict[str, str] = {}
    is_billed: bool = False


class UploadedFile(BaseModel):
    """A file that may be attached to messages until it expires; its bytes are not kept."""

    oa_id: str
    kind: str
    size: int
    uploaded_at: datetime
    expires_at: datetime


class Card(BaseModel):
    """What an OA keeps about a follower and may change; what the follower is by themself stands in the seeds."""

    model_config = ConfigDict(frozen=True)

    tags: tuple[str, ...] = ()
    alias: str = ""
    external_id: str = ""
    contact: Contact | None = None
    gender: str = ""
    custom: dict[str, str | dict[str, str]] = {}


class OtherTokens(BaseModel):
    """The codes and pairs of an app beside the first."""

    codes: dict[str, PendingCode] = {}
    tokens: dict[str, TokenPair] = {}


class Snapshot(BaseModel):
    """The file's content."""

    version: int = 1
    codes: dict[str, PendingCode] = {}
    tokens: dict[str, TokenPair] = {}
    social_codes: dict[str, PendingCode] = {}
    social_tokens: dict[str, TokenPair] = {}
    others: dict[str, OtherTokens] = {}
    messages: list[Message] = []
    cards: dict[str, dict[str, Card]] = {}
    tags: dict[str, list[str]] = {}
    files: dict[str, UploadedFile] = {}
    is_seeded: bool = False


class State:
    """The snapshot in memory and how it reaches the file; everything is written before it is answered."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.snapshot = (
            Snapshot.model_validate_json(path.read_bytes()) if path is not None and path.exists() else Snapshot()
        )

    def save(self) -> None:
        """Write the file, if there is one."""
        if self._path is not None:
            write_state(self._path, self.snapshot)
