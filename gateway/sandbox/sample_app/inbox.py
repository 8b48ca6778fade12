"""What the gateway told this app, newest first; in memory, since a real app would act on it and be done."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from gateway.terms.clock import Clock

MOST_KEPT = 50
WORDS = {
    "quyen.grant.withdrawn": "Đã rút lại quyền",
    "quyen.grant.paused": "Đã tạm dừng quyền",
    "quyen.grant.resumed": "Đã chia sẻ lại",
    "quyen.grant.shortened": "Đã rút ngắn thời hạn",
    "quyen.grant.narrowed": "Đã thu hẹp quyền",
    "quyen.grant.renewed": "Đã gia hạn quyền",
    "quyen.grant.expired": "Quyền đã hết hạn",
    "quyen.grant.reconfirm": "Quyền cần xác nhận lại",
    "quyen.endpoint.test": "Thông báo thử",
    "user_send_text": "Khách nhắn",
    "oa_send_text": "Cửa hàng nhắn",
    "anonymous_send_text": "Người chưa quan tâm nhắn",
    "oa_send_anonymous_text": "Cửa hàng nhắn người chưa quan tâm",
    "follow": "Có người quan tâm",
    "unfollow": "Có người bỏ quan tâm",
    "user_submit_info": "Khách gửi thông tin",
    "user_withdraw": "Khách rút lại đồng ý: phải xóa dữ liệu của họ",
}


class ToldAsk(BaseModel):
    """One ask of a notice, as far as this app reads it; `before` stands where it changed."""

    ask: str
    state: str
    wanted: str
    before: dict[str, Any] | None = None


class ToldGrant(BaseModel):
    """What a notice says of a grant; the version orders them, whatever order they come in."""

    grant_id: str = ""
    version: int = 0
    account: str = ""
    asks: list[ToldAsk] = []


class Notice(BaseModel):
    """A CloudEvents body, as far as this app reads it."""

    id: str
    type: str
    time: datetime
    data: ToldGrant
    text: str = ""


class Party(BaseModel):
    """A side of an event, by its id."""

    id: str = ""


class Said(BaseModel):
    """A message of an event, as far as this app shows it."""

    text: str = ""


class ZaloEvent(BaseModel):
    """A webhook's body in Zalo's own form, as far as this app reads it."""

    app_id: str
    event_name: str
    timestamp: str
    oa_id: str = ""
    sender: Party = Party()
    recipient: Party = Party()
    message: Said = Said()

    def as_notice(self, notice_id: str) -> Notice:
        """Show it beside the notices."""
        side = self.sender if self.event_name.startswith("oa_") else self.recipient
        at = datetime.fromtimestamp(int(self.timestamp) / 1000, UTC)
        told = ToldGrant(account=self.oa_id or side.id)
        return Notice(id=notice_id, type=self.event_name, time=at, data=told, text=self.message.text)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A notice that verified, for which client, and when it came."""

    client_id: str
    notice: Notice
    at: datetime

    @property
    def title(self) -> str:
        """What happened, in words."""
        return WORDS.get(self.notice.type, self.notice.type)

    @property
    def changed(self) -> list[ToldAsk]:
        """The asks that became another."""
        return [ask for ask in self.notice.data.asks if ask.before is not None]


class Inbox:
    """The newest notices, each once: the gateway may send one again, under the same id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Arrived] = deque(maxlen=MOST_KEPT)

    def add(self, client_id: str, notice: Notice) -> None:
        """Keep a notice, unless it came before."""
        if all(kept.notice.id != notice.id for kept in self._kept):
            self._kept.appendleft(Arrived(client_id, notice, self._clock.now()))

    def list_of(self, client_id: str) -> list[Arrived]:
        """A client's notices, newest first."""
        return [kept for kept in self._kept if kept.client_id == client_id]
