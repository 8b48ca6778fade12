"""What the people's pages show: the pieces that several pages share.

Every view is a frozen value, filled by a handler and drawn by the template that it names: ready words in the page's
language, aware datetimes, ids. No view decides anything. States are the words of `PermissionState`: `granted`,
`refused`, `paused`, `withdrawn`, `expired`, `reconfirm`, and `pending` (a `StrEnum` member will do).
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.ground.web.app_labels import UNVERIFIED, AppLabel
from gateway.ground.web.asks import AskView, Recipient

__all__ = ["AccountView", "AppView", "AskView", "Choice", "Duration", "Recipient"]


@dataclass(frozen=True, slots=True)
class AppView:
    """An app as the register knows it; nothing here comes from a request (R14).

    Args:
        name: display name.
        legal_name: the company behind it, the controller of what it receives; empty: nobody said.
        domain: the one that the register knows it by.
        contact: the controller's e-mail or address.
        verified_at: when an operator checked it; None shows "Chưa xác minh" and a sentence that says what that means.
        is_dynamic: it registered itself; its name is its own choice.
        is_nameless: it chose none, and is called by the domain that it returns to, or by its id.
        document: the address of what it says of itself, which is its client_id; or "".
        returns_to: the host, or private scheme, that this request's answer goes to; "" where there is no request.
        is_local: that host is the reader's own machine.
        said: the digest of what a dynamic app said of itself when this was drawn; or "".
        client_id: its id in OAuth.
        label: what stands beside the name.
    """

    name: str
    legal_name: str
    domain: str
    contact: str
    verified_at: datetime | None = None
    is_dynamic: bool = False
    is_nameless: bool = False
    document: str = ""
    returns_to: str = ""
    is_local: bool = False
    said: str = ""
    client_id: str = ""
    label: AppLabel = UNVERIFIED


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account on a platform.

    Args:
        id: the gateway's own id; the value of the radio `account`.
        name: as the platform shows it.
        platform: name for people, such as "Zalo OA".
        external_id: the platform's own id.
        role: the person's standing in words ("quản trị viên"); empty where it does not matter.
        proven_at: when that standing was proven.
    """

    id: str
    name: str
    platform: str
    external_id: str
    role: str = ""
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """One offer of the select `duration`, and when it ends.

    It is `P1D`, `P30D`, `P90D`, `P180D` or `P365D`; beside what stands also `standing`, as long as that.
    """

    value: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a filter: its query value, its words, and whether it is on."""

    value: str
    label: str
    selected: bool = False
