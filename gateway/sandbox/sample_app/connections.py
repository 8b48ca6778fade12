"""The connections that people made: which client, which account, which tokens. Kept in one private file.

`ConnectionStore` alone writes it, and reads it again at the next start.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from gateway.sandbox.state_file import write_state

Token = dict[str, Any]
"""A token answer as authlib keeps it: `access_token`, `refresh_token`, `expires_at` ..."""


class Connection(BaseModel):
    """One account that one client may call: the platform's own id, and what the account calls itself, if it said."""

    client_id: str
    account: str
    name: str = ""
    token: Token = Field(repr=False)
    connected_at: datetime

    def holds(self, scope: str) -> bool:
        """Whether the last token answer named a scope: this app calls for nothing else that it can do without."""
        return scope in str(self.token.get("scope", "")).split()


class Connections(BaseModel):
    """The file's content; the newest connection stands last."""

    version: int = 1
    connections: list[Connection] = []


class ConnectionStore:
    """Connections in memory and on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = Connections.model_validate_json(path.read_bytes()) if path.exists() else Connections()

    def add(self, connection: Connection) -> None:
        """Keep a connection as the newest; an older one of the same client and account goes."""
        others = [kept for kept in self._kept.connections if not _is_same(kept, connection)]
        self._kept = Connections(connections=[*others, connection])
        write_state(self._path, self._kept)

    def replace_token(self, connection: Connection, token: Token) -> None:
        """Keep refreshed tokens; the order stays. On disk before they are used, since the old ones are spent."""
        connection.token = token
        write_state(self._path, self._kept)

    def rename(self, connection: Connection, name: str) -> None:
        """Keep what the account calls itself."""
        connection.name = name
        write_state(self._path, self._kept)

    def list_of(self, client_id: str) -> list[Connection]:
        """A client's connections, newest first."""
        return [kept for kept in reversed(self._kept.connections) if kept.client_id == client_id]

    def find(self, client_id: str, account: str | None) -> Connection | None:
        """The connection to an account, or the newest if none is named."""
        mine = self.list_of(client_id)
        return next((kept for kept in mine if account in {None, kept.account}), None)


def _is_same(one: Connection, other: Connection) -> bool:
    return (one.client_id, one.account) == (other.client_id, other.account)
