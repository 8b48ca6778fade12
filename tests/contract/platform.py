"""A platform for the tests of linking: it satisfies `gateway.platforms.Connector` and does what a test tells it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.platforms import Connector, Credential, LinkForm, Profile, Trouble
from gateway.terms.refusal import Refusal


@dataclass
class StandInPlatform:
    """Codes are good once, for the verifier whose challenge went out; a renewal ends the refresh token before it."""

    profile: Profile = field(default_factory=lambda: Profile("4000000000000077", "OA 77 (mẫu)", "admin"))
    platform: str = "zalo"
    upstream_app: str = "upstream-app"
    base_url: str = "http://127.0.0.1:1"
    has_page: bool = True
    link_form: LinkForm | None = None
    expires_at: datetime | None = None
    in_between: Callable[[], Awaitable[object]] | None = None
    """Runs inside an exchange, while the platform thinks."""
    failure: Exception | None = None
    renewals: int = 0
    redeemed: list[tuple[str, str]] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    others: dict[tuple[str, str], "StandInPlatform"] = field(default_factory=dict)
    _live: str = "refresh-0"
    _count: int = 0

    def as_app(self, app_id: str, secret: str) -> "StandInPlatform":
        """Return the platform as another app sees it, the same one whenever it is asked."""
        return self.others.setdefault((app_id, secret), replace(self, upstream_app=app_id, others={}))

    def link_url(self, state: str, challenge: str) -> str | None:
        """Remember what was sent out."""
        self.sent[state] = challenge
        return f"{self.base_url}/permission?state={state}&code_challenge={challenge}" if self.has_page else None

    async def redeem(self, raw_code: str, verifier: str) -> Credential:
        """Exchange a code."""
        self.redeemed.append((raw_code, verifier))
        return await self._exchanged()

    async def log_in(self, answers: Mapping[str, str]) -> Credential:
        """Take the one password."""
        if answers["password"] != "right":
            raise Refusal("platform_refused")
        return await self._exchanged()

    async def describe(self, credential: Credential) -> Profile:
        """Say whose credential it is."""
        return self.profile

    async def renew(self, credential: Credential) -> Credential:
        """Exchange the refresh token, once."""
        self.renewals += 1
        if credential.refresh_token != self._live:
            raise Refusal("platform_refused", log_detail="refresh token used before")
        return await self._exchanged()

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Carry the token."""
        return {"access_token": credential.access_token}

    def is_refusal(self, status: int, body: bytes) -> bool:
        """Know no refusal."""
        return False

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:
        """Know no trouble."""
        return None

    async def _exchanged(self) -> Credential:
        if self.in_between is not None:
            await self.in_between()
        if self.failure is not None:
            raise self.failure
        self._count += 1
        self._live = f"refresh-{self._count}"
        return Credential(f"access-{self._count}", self._live, self.expires_at)


def is_connector(platform: StandInPlatform) -> Connector:
    """Let mypy check that the stand-in is one."""
    return platform
