"""Webhooks: what happens at an OA is told to the app's one URL, signed, and again while nobody is there (facts A7)."""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from gateway.sandbox.switching import SwitchBoard
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.people import Follower, OfficialAccount
from gateway.sandbox.zalo.state import Message
from gateway.sandbox.zalo.switches import Switches
from gateway.sandbox.zalo.tokens import TokenBook
from gateway.terms.clock import Clock

ANSWER = ClientTimeout(total=2)

Said = dict[str, object]


class Teller:
    """Tells the app what happens; after the last retry in vain it tells nothing any more until it is switched on again.

    Args:
        config: where to, and under which key.
        clock: for the time that an event bears.
        board: the quirks in force.
        tokens: an OA that no app is linked with tells nothing.
    """

    def __init__(
        self, config: ZaloSandboxConfig, clock: Clock, *, board: SwitchBoard[Switches], tokens: TokenBook
    ) -> None:
        self._config, self._clock, self._board, self._tokens = config, clock, board, tokens
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: ClientSession | None = None
        self.is_on = config.webhook_url is not None
        self.told: list[Said] = []
        """What was told, with `status`, or null where nobody was there; the newest last."""

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold the way out while the application runs."""
        async with ClientSession(timeout=ANSWER, trust_env=False) as self._session:
            yield
            for task in self._tasks:
                task.cancel()

    def tell_message(self, message: Message, oa: OfficialAccount, follower: Follower) -> None:
        """Tell of a message, in either direction."""
        parties = {"sender": {"id": follower.user_id}, "recipient": {"id": oa.oa_id}}
        if not message.is_from_user:
            parties = {"sender": parties["recipient"], "recipient": parties["sender"]}
        side = "user" if message.is_from_user else "oa"
        said = {"message": {"text": message.text, "msg_id": message.message_id}}
        self._tell(oa, f"{side}_send_text", {**parties, "user_id_by_app": follower.id_by_app, **said})

    def tell_follow(self, oa: OfficialAccount, follower: Follower, *, follows: bool) -> None:
        """Tell that someone follows, or does no more."""
        who = {"oa_id": oa.oa_id, "follower": {"id": follower.user_id}, "user_id_by_app": follower.id_by_app}
        self._tell(oa, "follow" if follows else "unfollow", {**who, "source": "oa_profile"})

    def tell_info(self, oa: OfficialAccount, follower: Follower) -> None:
        """Tell that a follower answered the form for their details."""
        contact = follower.contact
        info: Said = {"name": follower.display_name}
        if contact is not None:
            place = {"user_city": contact.city, "user_ward": contact.district, "user_address": contact.address}
            info |= {"phone": str(contact.phone or ""), "user_dob": contact.born, "full_address": place}
        parties = {"sender": {"id": follower.user_id}, "recipient": {"id": oa.oa_id}}
        self._tell(oa, "user_submit_info", {**parties, "user_id_by_app": follower.id_by_app, "info": info})

    def tell_withdrawal(self, oa: OfficialAccount, follower: Follower) -> None:
        """Tell that a follower takes back what the OA, and apps through it, may have of them."""
        who: Said = {"oa_id": oa.oa_id, "user_id": follower.user_id, "user_id_by_app": follower.id_by_app}
        self._tell(oa, "user_withdraw", who)

    def tell_revocation(self, follower: Follower) -> None:
        """Tell that somebody takes their consent back in the Mini App: its own form, its own signature (facts A9)."""
        if not self.is_on or self._config.mini_app_id is None:
            return
        said: Said = {"event": "user.revoke.consent", "appId": self._config.mini_app_id, "userId": follower.id_by_app}
        said["timestamp"] = int(self._clock.now().timestamp() * 1000)
        values = "".join(str(said[name]) for name in sorted(said))
        mac = sha256(f"{values}{self._config.mini_app_key}".encode()).hexdigest()
        self._start(json.dumps(said).encode(), self._headers(mac))

    def _tell(self, oa: OfficialAccount, name: str, said: Said) -> None:
        if not self.is_on or oa.oa_id not in self._tokens.list_linked():
            return
        timestamp = str(int(self._clock.now().timestamp() * 1000))
        whole = {"app_id": self._config.app_id, "event_name": name, **said, "timestamp": timestamp}
        body = json.dumps(whole).encode()
        self._start(body, self._headers(self._sign(oa, body, timestamp)))

    def _start(self, body: bytes, headers: dict[str, str]) -> None:
        task = asyncio.get_running_loop().create_task(self._send(body, headers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, body: bytes, headers: dict[str, str]) -> None:
        for number, wait in enumerate((0.0, *self._board.current.hook_retry_seconds)):
            await asyncio.sleep(wait)
            retried = {"num_retry": str(number)} if number else {}
            status = await self._post(body, {**headers, **retried})
            self.told = [*self.told[-999:], {**json.loads(body), "status": status}]
            if status is not None:
                return
        self.is_on = False

    async def _post(self, body: bytes, headers: dict[str, str]) -> int | None:
        if self._session is None or self._config.webhook_url is None:
            return None
        try:
            async with self._session.post(self._config.webhook_url, data=body, headers=headers) as answer:
                return answer.status
        except (ClientError, OSError, TimeoutError):
            return None

    def _sign(self, oa: OfficialAccount, body: bytes, timestamp: str) -> str:
        switches = self._board.current
        first = self._config.app_id if switches.hook_first_term == "app_id" else oa.oa_id
        key = self._config.oa_secret_key or ""
        return sha256(first.encode() + body + timestamp.encode() + key.encode()).hexdigest()

    def _headers(self, mac: str) -> dict[str, str]:
        prefix = "mac=" if self._board.current.hook_prefix else ""
        return {"X-ZEvent-Signature": prefix + mac, "Content-Type": "application/json"}
