"""Webhooks: what happens at an OA is told to each app's one URL, signed, and again while nobody is there (facts A7)."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from hashlib import sha256

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from gateway.sandbox.switching import SwitchBoard
from gateway.sandbox.zalo.config import OtherApp, ZaloSandboxConfig
from gateway.sandbox.zalo.people import Follower, OfficialAccount
from gateway.sandbox.zalo.state import Message
from gateway.sandbox.zalo.switches import Switches
from gateway.sandbox.zalo.tokens import TokenBook
from gateway.terms.clock import Clock

ANSWER = ClientTimeout(total=2)
ASKED_FOR = timedelta(days=1)
"""How long a request for leave to call stands; no source says."""

Said = dict[str, object]


class Teller:
    """Tells apps what happens; one that is told in vain to the last retry is told nothing more until it is switched on.

    Args:
        config: where to, and under which key.
        clock: for the time that an event bears.
        board: the quirks in force.
        books: by app; an OA that is not linked with an app is not told of to it.
    """

    def __init__(
        self, config: ZaloSandboxConfig, clock: Clock, *, board: SwitchBoard[Switches], books: Mapping[str, TokenBook]
    ) -> None:
        self._config, self._clock, self._board, self._books = config, clock, board, books
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: ClientSession | None = None
        self._given_up: set[str] = set()
        self.told: list[Said] = []
        """What was told, with `status`, or null where nobody was there; the newest last."""

    @property
    def is_on(self) -> bool:
        """Whether the first app is told."""
        return self._config.webhook_url is not None and self._config.app_id not in self._given_up

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
        self._tell(oa, f"{side}_send_text", {**parties, "user_id_by_app": follower, **said})

    def tell_follow(self, oa: OfficialAccount, follower: Follower, *, follows: bool) -> None:
        """Tell that someone follows, or does no more."""
        who = {"oa_id": oa.oa_id, "follower": {"id": follower.user_id}, "user_id_by_app": follower}
        self._tell(oa, "follow" if follows else "unfollow", {**who, "source": "oa_profile"})

    def tell_info(self, oa: OfficialAccount, follower: Follower) -> None:
        """Tell that a follower answered the form for their details."""
        contact = follower.contact
        info: Said = {"name": follower.display_name}
        if contact is not None:
            place = {"user_city": contact.city, "user_ward": contact.district, "user_address": contact.address}
            info |= {"phone": str(contact.phone or ""), "user_dob": contact.born, "full_address": place}
        parties = {"sender": {"id": follower.user_id}, "recipient": {"id": oa.oa_id}}
        self._tell(oa, "user_submit_info", {**parties, "user_id_by_app": follower, "info": info})

    def tell_tag(self, oa: OfficialAccount, name: str, *, who: Follower | None = None, is_put_on: bool = True) -> None:
        """Tell that somebody got a tag or lost it; of nobody, that the tag is gone."""
        event = "remove_tag" if who is None else "add_user_to_tag" if is_put_on else "remove_user_from_tag"
        named: Said = {} if who is None else {"user_ids": [who.user_id]}
        self._tell(oa, event, {"oa_id": oa.oa_id, "tag": {**named, "name": name}})

    def tell_stranger(self, oa: OfficialAccount, anonymous_id: str, message: Said, *, from_oa: bool = False) -> None:
        """Tell of a message between the OA and somebody who does not follow it, in either direction."""
        sender, recipient = (oa.oa_id, anonymous_id) if from_oa else (anonymous_id, oa.oa_id)
        event = "oa_send_anonymous_text" if from_oa else "anonymous_send_text"
        self._tell(oa, event, {"sender": {"id": sender}, "recipient": {"id": recipient}, "message": message})

    def tell_call_asked(self, oa: OfficialAccount, phone: str) -> None:
        """Tell that leave to call was asked."""
        times = {"create_time": self._stamp(), "expired_time": self._stamp(ASKED_FOR)}
        self._tell(oa, "oa_send_consent", {"oa_id": oa.oa_id, "phone": phone, "request_type": "SENT", **times})

    def tell_call_answer(self, oa: OfficialAccount, phone: str, *, allows: bool) -> None:
        """Tell what whoever was asked for leave to call answered: for ever, or blocked."""
        answer = {"user_consent": "ALLOW" if allows else "USER_BLOCKED", "confirmed_time": self._stamp()}
        self._tell(oa, "user_reply_consent", {"oa_id": oa.oa_id, "phone": phone, **answer, "expired_time": "0"})

    def tell_withdrawal(self, oa: OfficialAccount, follower: Follower) -> None:
        """Tell that a follower takes back what the OA, and apps through it, may have of them."""
        who: Said = {"oa_id": oa.oa_id, "user_id": follower.user_id, "user_id_by_app": follower}
        self._tell(oa, "user_withdraw", who)

    def tell_revocation(self, follower: Follower) -> None:
        """Tell that somebody takes their consent back in the Mini App: its own form, its own signature (facts A9)."""
        if not self.is_on or self._config.mini_app_id is None:
            return
        said: Said = {"event": "user.revoke.consent", "appId": self._config.mini_app_id, "userId": follower.id_by_app}
        said["timestamp"] = int(self._clock.now().timestamp() * 1000)
        values = "".join(str(said[name]) for name in sorted(said))
        mac = sha256(f"{values}{self._config.mini_app_key}".encode()).hexdigest()
        self._start(self._config.apps[0], json.dumps(said).encode(), self._headers(mac))

    def _tell(self, oa: OfficialAccount, name: str, said: Said) -> None:
        """Tell each app with which the OA is linked; to each a person is known by another id."""
        timestamp = self._stamp()
        for app in self._config.apps:
            if app.webhook_url is None or app.app_id in self._given_up:
                continue
            if oa.oa_id not in self._books[app.app_id].list_linked():
                continue
            other = None if app.app_id == self._config.app_id else app.app_id
            own = {key: value.id_to(other) if isinstance(value, Follower) else value for key, value in said.items()}
            whole = {"app_id": app.app_id, "event_name": name, **own, "timestamp": timestamp}
            body = json.dumps(whole).encode()
            self._start(app, body, self._headers(self._sign(app, oa, body, timestamp)))

    def _stamp(self, later: timedelta = timedelta()) -> str:
        """A moment in milliseconds."""
        return str(int((self._clock.now() + later).timestamp() * 1000))

    def _start(self, app: OtherApp, body: bytes, headers: dict[str, str]) -> None:
        task = asyncio.get_running_loop().create_task(self._send(app, body, headers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, app: OtherApp, body: bytes, headers: dict[str, str]) -> None:
        for number, wait in enumerate((0.0, *self._board.current.hook_retry_seconds)):
            await asyncio.sleep(wait)
            retried = {"num_retry": str(number)} if number else {}
            status = await self._post(app, body, {**headers, **retried})
            self.told = [*self.told[-999:], {**json.loads(body), "status": status}]
            if status is not None:
                return
        self._given_up.add(app.app_id)

    async def _post(self, app: OtherApp, body: bytes, headers: dict[str, str]) -> int | None:
        if self._session is None or app.webhook_url is None:
            return None
        try:
            async with self._session.post(app.webhook_url, data=body, headers=headers) as answer:
                return answer.status
        except (ClientError, OSError, TimeoutError):
            return None

    def _sign(self, app: OtherApp, oa: OfficialAccount, body: bytes, timestamp: str) -> str:
        switches = self._board.current
        first = app.app_id if switches.hook_first_term == "app_id" else oa.oa_id
        key = app.oa_secret_key or ""
        return sha256(first.encode() + body + timestamp.encode() + key.encode()).hexdigest()

    def _headers(self, mac: str) -> dict[str, str]:
        prefix = "mac=" if self._board.current.hook_prefix else ""
        return {"X-ZEvent-Signature": prefix + mac, "Content-Type": "application/json"}
