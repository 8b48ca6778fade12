"""The entries of the tombstone journal: what each kind says, and its one JSON object."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter

_BASE64 = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A version that a grant reached, and its permissions that ended with it: exactly these, or none."""

    grant_id: str
    version: int
    permission_ids: tuple[str, ...]
    cause: str
    at: AwareDatetime
    kind: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A connection's newest upstream credential, as sealed for its row: the platform may have ended the one before."""

    __pydantic_config__: ClassVar[ConfigDict] = _BASE64

    connection_id: str
    version: int
    sealed: bytes
    at: AwareDatetime
    kind: Literal["credential"] = "credential"


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """A person key that was destroyed, to be destroyed again if a backup brought it back."""

    person_id: str
    part: Literal["identity", "evidence"]
    at: AwareDatetime
    kind: Literal["key_destroyed"] = "key_destroyed"


@dataclass(frozen=True, slots=True)
class Barred:
    """Something was shut, or opened again, that is no permission; of several entries the last one holds.

    Args:
        what: an app that is suspended, a client secret that ended, a role that a person lost, a person who said no, a
            connection that its person took away, which is for good.
        name: an app's id, a secret's SHA-256 in hex, `person/role`, `hash/ask` (the keyed hash of person and app), or a
            connection's id.
        is_barred: False where it was opened again.
        at: when.
    """

    what: Literal["app", "secret", "role", "person", "connection"]
    name: str
    is_barred: bool
    at: AwareDatetime
    kind: Literal["barred"] = "barred"


Entry = Tombstone | SealedCredential | DestroyedKey | Barred

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


def to_bytes(entry: Entry) -> bytes:
    """Write an entry as the one JSON object that it is.

    Raises:
        ValueError: it could not be read back (a naive time, another type).
    """
    content = _ENTRY.dump_json(entry, warnings=False)
    if _ENTRY.validate_json(content, strict=True) != entry:  # ValidationError is a ValueError
        raise ValueError("the entry does not come back as it was given")
    return content


def entry_of(content: bytes) -> Entry:
    """Read what `to_bytes` wrote.

    Raises:
        ValueError: it is no entry that this version knows.
    """
    return _ENTRY.validate_json(content, strict=True)
