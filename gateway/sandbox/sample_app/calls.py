"""The calls that this app makes at the gateway: Zalo's own paths under `{api}/zalo`."""

import asyncio
import json
from dataclasses import dataclass

from gateway.sandbox.sample_app.config import ClientConfig
from gateway.sandbox.sample_app.connections import Connection
from gateway.sandbox.sample_app.oauth_client import Request
from gateway.sandbox.sample_app.replies import Reply, members, rows
from gateway.sandbox.sample_app.shop import Shop

PAGE_OF_FOLLOWERS = 50
PAGE_OF_MESSAGES = 10
DETAILS_AT_ONCE = 4


@dataclass(frozen=True)
class Account:
    """One client's connection to one account, ready to be called."""

    shop: Shop
    app: ClientConfig
    connection: Connection

    async def get_me(self, *fields: str) -> Reply:
        """Ask Zalo Social, which takes plain parameters, whose account it is."""
        return await self._call(Request("GET", self._url("/v2.0/me"), {"fields": ",".join(fields)}))

    async def get(self, path: str, **params: object) -> Reply:
        """Call a GET; Zalo takes its parameters, where there are any, as JSON in `data`."""
        data = {"data": json.dumps(params, separators=(",", ":"))} if params else {}
        return await self._call(Request("GET", self._url(path), data))

    async def post(self, path: str, body: object) -> Reply:
        """Call a POST with a JSON body."""
        return await self._call(Request("POST", self._url(path), {}, json=body))

    async def _call(self, request: Request) -> Reply:
        return await self.shop.call(self.app, self.connection, request=request)

    def _url(self, path: str) -> str:
        return f"{self.shop.config.api_url}/{self.app.platform}{path}"


@dataclass(frozen=True)
class FollowerReplies:
    """The list, and the detail of each follower on it in the same order."""

    listed: Reply
    details: list[Reply]

    def raw(self) -> str:
        """What came back: the list's answer alone where it was refused, else all answers in one JSON object."""
        if not self.listed.is_ok:
            return self.listed.raw
        details = ",".join(reply.raw if reply.is_json else json.dumps(reply.raw) for reply in self.details)
        return f'{{"getlist":{self.listed.raw},"detail":[{details}]}}'


async def read_name(account: Account) -> str:
    """Ask what the account calls itself; empty where that was not agreed to."""
    if account.app.platform == "zalosocial":
        name = (await account.get_me("id", "name")).whole.get("name")
    else:
        name = members((await account.get("/v2.0/oa/getoa")).data).get("name")
    return name if isinstance(name, str) else ""


async def list_followers(account: Account, offset: int) -> FollowerReplies:
    """List a page of followers and look each one up, a few at a time."""
    listed = await account.get("/v3.0/oa/user/getlist", offset=offset, count=PAGE_OF_FOLLOWERS)
    turnstile = asyncio.Semaphore(DETAILS_AT_ONCE)

    async def look_up(user_id: object) -> Reply:
        async with turnstile:
            return await account.get("/v3.0/oa/user/detail", user_id=user_id)

    users = rows(members(listed.data).get("users"))
    return FollowerReplies(listed, await asyncio.gather(*(look_up(user.get("user_id")) for user in users)))


async def list_tags(account: Account) -> list[str]:
    """List the names of the account's tags; none where they were not agreed to."""
    if not account.connection.holds("zalo.tag.read"):
        return []
    names = (await account.get("/v2.0/oa/tag/gettagsofoa")).data
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


async def list_recent_chat(account: Account) -> Reply:
    """The newest messages of the whole account."""
    return await account.get("/v2.0/oa/listrecentchat", offset=0, count=PAGE_OF_MESSAGES)


async def send_message(account: Account, user_id: str, *, text: str) -> Reply:
    """Send a text to one follower."""
    return await account.post("/v3.0/oa/message/cs", {"recipient": {"user_id": user_id}, "message": {"text": text}})
