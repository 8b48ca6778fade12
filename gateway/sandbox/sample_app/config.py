"""What the sample app is told: its own address, where the gateway is, and which clients it is registered as."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class ClientConfig(BaseModel):
    """One registered client; without a secret it is public. `notice_secret` verifies what the gateway tells it.

    `platform`: whose accounts it asks for: Official Accounts, or people's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str
    client_secret: str | None = Field(default=None, repr=False)
    name: str
    dialect: Literal["zalo"] | None = None
    platform: Literal["zalo", "zalosocial"] = "zalo"
    redirect_uri: str
    notice_secret: str | None = Field(default=None, repr=False)


class SampleAppConfig(BaseModel):
    """The JSON file of `python -m gateway.sandbox.sample_app`.

    Args:
        listen: `host:port`.
        public_url: what browsers call this app.
        issuer: the gateway's issuer identifier; its metadata tells every endpoint.
        api_url: the gateway's API origin.
        apps: the clients, each with `redirect_uri` equal to `public_url` + `/callback`.
        state_path: where tokens survive a restart (0600).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str
    public_url: str
    issuer: str
    api_url: str
    apps: tuple[ClientConfig, ...] = Field(min_length=1)
    state_path: Path

    @field_validator("public_url", "api_url")
    @classmethod
    def trim_slash(cls, url: str) -> str:
        """Paths are appended, so no slash at the end. The issuer stays as it is: it is compared, not appended to."""
        return url.rstrip("/")

    @model_validator(mode="after")
    def check_redirects(self) -> Self:
        """Every client's answer must come back here."""
        if any(app.redirect_uri != f"{self.public_url}/callback" for app in self.apps):
            raise ValueError("each redirect_uri must be public_url + /callback")
        return self

    def host(self) -> str:
        """The host name browsers use."""
        return urlsplit(self.public_url).hostname or ""

    def find_app(self, client_id: str) -> ClientConfig | None:
        """The client with this id."""
        return next((app for app in self.apps if app.client_id == client_id), None)


def read_config(path: Path) -> SampleAppConfig:
    """Read and check the file; raises `OSError` or `pydantic.ValidationError`."""
    return SampleAppConfig.model_validate_json(path.read_bytes())
