"""What `python -m gateway.sandbox` is told: where to listen, and each platform's own settings."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gateway.sandbox.kiotviet.config import KiotVietSandboxConfig
from gateway.sandbox.serving import LOOPBACK_HOSTS
from gateway.sandbox.zalo.config import ZaloSandboxConfig


class SandboxConfig(BaseModel):
    """The JSON file of the runnable sandbox.

    Args:
        listen: `host:port`; keep it on loopback, the control paths know no credentials.
        zalo: settings of the Zalo stand-in; absent, there is none.
        kiotviet: settings of the KiotViet stand-in; absent, there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str
    zalo: ZaloSandboxConfig | None = None
    kiotviet: KiotVietSandboxConfig | None = None

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which the front page is served: those of every stand-in here."""
        return LOOPBACK_HOSTS.union(*(one.hosts for one in (self.zalo, self.kiotviet) if one is not None))


def read_config(path: Path) -> SandboxConfig:
    """Read and check the file; raises `OSError` or `pydantic.ValidationError`."""
    return SandboxConfig.model_validate_json(path.read_bytes())
