"""What the model knows of the platform: the one pair of tokens that it gave the gateway, and what a call then costs."""

from datetime import timedelta

from tests.contract.life.calls import Seen
from tests.stand_ins.clock import ManualClock

ACCESS_LASTS = timedelta(hours=25)
REFRESH_LASTS = timedelta(days=90)
RENEWAL = Seen("POST", "/v4/oa/access_token")


class Upstream:
    """The gateway's connection to the account."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._access_until = self._renewable_until = clock.now()
        self._is_lost = True

    def link(self) -> None:
        """A fresh pair, which ends the one before."""
        now = self._clock.now()
        self._access_until, self._renewable_until, self._is_lost = now + ACCESS_LASTS, now + REFRESH_LASTS, False

    def forget(self, *, keeps_refresh: bool) -> None:
        """The platform ends the pair, or its access token alone; the gateway learns of it by the next call."""
        self._access_until = self._clock.now()
        self._renewable_until = self._renewable_until if keeps_refresh else self._access_until

    def pass_on(self, call: Seen) -> tuple[tuple[Seen, ...], bool]:
        """Say what arrives when the gateway passes a call on, and whether it is answered in the end."""
        now = self._clock.now()
        if self._is_lost:
            return (), False
        if self._access_until > now:
            return (call,), True
        if self._renewable_until > now:
            self.link()
            return (call, RENEWAL, call), True
        self._is_lost = True
        return (call, RENEWAL), False
