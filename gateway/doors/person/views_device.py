"""What the people's pages show about devices (RFC 8628): the code's form, the question before the screen, the end."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from gateway.doors.person.views import AppView


@dataclass(frozen=True, slots=True)
class DeviceView:
    """`/device`: where a person types the code that a device shows (`user_code`, `csrf_token`).

    Args:
        code: what to start with, in its one spelling; from a link, so it is looked up by a press alone.
        state: `first`; `unknown` (404: no such code, or over, or another's); `limited` (429).
        retry_after_minutes: with `limited`.
    """

    TEMPLATE: ClassVar[str] = "person/device.html"
    code: str = ""
    state: Literal["first", "unknown", "limited"] = "first"
    retry_after_minutes: int = 15


@dataclass(frozen=True, slots=True)
class ConfirmDeviceView:
    """The answer to a right code: who asks, when and from where, and is it the reader's own device (section 5.4).

    The form posts to `/device`: `user_code`, the tick `confirm=yes`, `decision` = `continue` or `stop`, `csrf_token`.

    Args:
        app: who asks, from the register.
        code: to be compared with the one that the device shows.
        asked_at: when the request came.
        address: the network address that it came from.
        is_same_network: the reader comes from there too.
        expires_at: until when it can be answered.
        is_unticked: the form came back without its tick.
    """

    TEMPLATE: ClassVar[str] = "person/device_confirm.html"
    app: AppView
    code: str
    asked_at: datetime
    address: str
    is_same_network: bool
    expires_at: datetime
    is_unticked: bool = False


@dataclass(frozen=True, slots=True)
class DeviceDoneView:
    """`/device/done/{request}`: nothing more to do here.

    Args:
        app: who had asked.
        state: `granted`, `refused`, `stopped` (ended without a decision), or `ended` (granted, and over since).
        grant_id: with `granted` and `ended`: where the decision can be seen and changed.
        family_id: with `granted`: what ends this device alone (`/permissions/{grant_id}/families`).
    """

    TEMPLATE: ClassVar[str] = "person/device_done.html"
    app: AppView
    state: Literal["granted", "refused", "stopped", "ended"]
    grant_id: str = ""
    family_id: str = ""
