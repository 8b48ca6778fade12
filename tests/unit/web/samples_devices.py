"""One filled view for each state of the pages about devices."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.doors.person.views_device import ConfirmDeviceView, DeviceDoneView, DeviceView
from gateway.ground.web.frame import PageView
from tests.unit.web.samples import APP, BAKERY, CONSENT, NOW, UNKNOWN_APP

CONFIRM: Final = ConfirmDeviceView(
    app=APP,
    code="BCFG-HJKL",
    asked_at=NOW - timedelta(minutes=2),
    address="2001:db8:1234:5678::/64",
    is_same_network=False,
    expires_at=NOW + timedelta(minutes=8),
)
DEVICE_PAGES: Final[dict[str, PageView]] = {
    "device": DeviceView("BCFG-HJKL"),
    "device-unknown": DeviceView(state="unknown"),
    "device-limited": DeviceView(state="limited", retry_after_minutes=2),
    "device-confirm": CONFIRM,
    "device-unticked": replace(CONFIRM, app=UNKNOWN_APP, address="192.0.2.7", is_same_network=True, is_unticked=True),
    "device-granted": DeviceDoneView(APP, "granted", "gr_1", "fa_1"),
    "device-ended": DeviceDoneView(APP, "ended", "gr_1", "fa_1"),
    "device-refused": DeviceDoneView(APP, "refused"),
    "device-stopped": DeviceDoneView(APP, "stopped"),
    "consent-device": replace(CONSENT, accounts=(BAKERY,), by_device=True),
}
