"""A person on the real homeserver, speaking the Client-Server API the way any Matrix client does."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession

CLIENT_API = "/_matrix/client/v3"


@dataclass(slots=True)
class MatrixUser:
    """A signed-in user: what Synapse knows of them, and the few calls that tests need."""

    http: ClientSession = field(repr=False)
    user_id: str
    password: str = field(repr=False)
    access_token: str = field(repr=False)
    device_id: str
    _transactions: "count[int]" = field(default_factory=lambda: count(1), repr=False)

    async def call(self, method: str, path: str, *, body: object = None, **query: str) -> dict[str, Any]:
        """Make one call with this user's token; raises aiohttp.ClientResponseError where the server refuses."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        async with self.http.request(
            method, CLIENT_API + path, json=body, params=query, headers=headers, raise_for_status=True
        ) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def add_room(self, *invited: "MatrixUser", name: str = "") -> str:
        """Make a private room that the invited have joined; return its id."""
        body = {"preset": "trusted_private_chat", "invite": [user.user_id for user in invited], "name": name}
        made = await self.call("POST", "/createRoom", body=body)
        room_id: str = made["room_id"]
        for user in invited:
            await user.call("POST", f"/rooms/{quote(room_id)}/join", body={})
        return room_id

    async def send_text(self, room_id: str, text: str) -> str:
        """Send a plain message; return the event's id."""
        path = f"/rooms/{quote(room_id)}/send/m.room.message/{self.device_id}.{next(self._transactions)}"
        sent = await self.call("PUT", path, body={"msgtype": "m.text", "body": text})
        event_id: str = sent["event_id"]
        return event_id

    async def list_texts(self, room_id: str, limit: int = 10) -> list[str]:
        """Return the newest messages' texts, newest first."""
        page = await self.call("GET", f"/rooms/{quote(room_id)}/messages", dir="b", limit=str(limit))
        return [event["content"]["body"] for event in page["chunk"] if event["type"] == "m.room.message"]
