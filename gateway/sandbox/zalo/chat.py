"""Messages between followers and OAs: seeded at the first start, added by `message/cs`, listed newest first."""

from datetime import datetime, timedelta

from gateway.sandbox.zalo.people import Follower, OfficialAccount
from gateway.sandbox.zalo.seeds import ACCOUNTS
from gateway.sandbox.zalo.state import Message, State
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

LIMIT_MESSAGES = 5_000
"""The oldest go first."""


class ChatBook:
    """Every message of every OA.

    Seeded followers were last seen relative to this start, not to the first, so that a week-old demo can still send.
    """

    def __init__(self, state: State, clock: Clock, *, entropy: Entropy) -> None:
        self._state, self._clock, self._entropy = state, clock, entropy
        self._started_at = clock.now()
        if not state.snapshot.is_seeded:
            self._seed()

    def add_message(self, message: Message) -> Message:
        """Store a message that was made by `draft`."""
        self._state.snapshot.messages = [*self._state.snapshot.messages, message][-LIMIT_MESSAGES:]
        self._state.save()
        return message

    def draft(self, oa: OfficialAccount, user_id: str, *, is_from_user: bool, text: str) -> Message:
        """Make a text message of this moment, with a fresh id."""
        return Message(
            message_id=self._entropy.token(10).hex(),
            oa_id=oa.oa_id,
            user_id=user_id,
            is_from_user=is_from_user,
            sent_at=self._clock.now(),
            type="text",
            text=text,
        )

    def list_messages(self, oa: OfficialAccount, user_id: str | None = None) -> list[Message]:
        """The OA's messages, of one follower if named, newest first."""
        newest_first = reversed(self._state.snapshot.messages)
        mine = [kept for kept in newest_first if kept.oa_id == oa.oa_id and user_id in {None, kept.user_id}]
        mine.sort(key=lambda kept: kept.sent_at, reverse=True)
        return mine

    def last_interaction(self, oa: OfficialAccount, follower: Follower) -> datetime:
        """When the follower last did something with the OA."""
        written = [kept.sent_at for kept in self.list_messages(oa, follower.user_id) if kept.is_from_user]
        return max([self._started_at - follower.seen_ago, *written[:1]])

    def _seed(self) -> None:
        for oa in ACCOUNTS.values():
            for line in oa.chat:
                user_id, is_from_user = oa.followers[line.follower].user_id, line.speaker == "user"
                message = self.draft(oa, user_id, is_from_user=is_from_user, text=line.text)
                sent_at = message.sent_at - timedelta(minutes=line.minutes_ago)
                self._state.snapshot.messages.append(message.model_copy(update={"sent_at": sent_at}))
        self._state.snapshot.is_seeded = True
        self._state.save()
