"""The settings by name: each with its kind, its default and its sentence, and what is unsafe together."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer, model_validator

from gateway.ground.identity.types import AuthMethod
from gateway.ground.storage.engines import is_sqlite, without_password
from gateway.settings.kinds import Address, Base, Database, Issuer, Networks, Origin, check_provider, is_on_loopback


class ZaloSettings(BaseModel):
    """Where Zalo is, and the gateway's own app there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Base = Field("https://openapi.zalo.me", description="the OA API")
    oauth_url: Base = Field("https://oauth.zaloapp.com", description="where accounts are linked and tokens renewed")
    graph_url: Base | None = Field(
        None,
        description="the Social API, `https://graph.zalo.me`: people may link their own account; without it nobody can",
    )
    app_id: str = Field(description="id of the gateway's own Zalo app")
    app_secret: SecretStr = Field(description="secret of the gateway's own Zalo app")
    oa_secret_key: SecretStr | None = Field(
        None,
        min_length=1,
        description="the OA Secret Key of the app's Webhook page, which signs events; without it none is taken",
    )
    hook_first_term: Literal["app_id", "oa_id"] = Field(
        "app_id", description="what the signature of events begins with, by Zalo's docs `app_id`; or `oa_id`"
    )
    mini_app_id: str | None = Field(
        None,
        pattern="^[0-9]+$",
        description="id of a Mini App of the same Zalo app, which tells when somebody takes their consent back there",
    )
    mini_app_key: SecretStr | None = Field(
        None,
        min_length=1,
        description="what signs that, by Zalo's docs the API Key of its Open APIs page; without it nothing is taken",
    )

    @model_validator(mode="after")
    def _check_mini_app(self) -> Self:
        together = {self.mini_app_id is None, self.mini_app_key is None}
        if len(together) == 2 or (self.mini_app_id is not None and self.oa_secret_key is None):
            raise ValueError("MINI_APP_ID and MINI_APP_KEY must be set together, and beside OA_SECRET_KEY")
        return self


class MatrixSettings(BaseModel):
    """Where the Matrix homeserver is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Base = Field(description="the homeserver's client-server API, without /_matrix")


class KiotVietSettings(BaseModel):
    """Where KiotViet is; each shop brings its own key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Base = Field(description="the Public API: `https://public.kiotapi.com`")
    oauth_url: Base = Field("https://id.kiotviet.vn", description="where tokens come from")
    hook_digest: Literal["sha256", "sha1"] = Field("sha256", description="digest of the HMAC that signs webhooks")
    hook_key: Literal["text", "decoded"] = Field(
        "text", description="what signs webhooks: the secret's Base64 text, or the bytes that it stands for (`decoded`)"
    )


class PlatformSettings(BaseModel):
    """The platforms that this gateway stands in front of; one without settings is absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zalo: ZaloSettings | None = Field(None, description="Zalo Official Account")
    matrix: MatrixSettings | None = Field(None, description="Matrix")
    kiotviet: KiotVietSettings | None = Field(None, description="KiotViet")


class OidcSettings(BaseModel):
    """The OpenID Provider where people sign in; without settings there is no such sign-in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Issuer = Field(description="the provider's issuer, byte for byte as its discovery document says")
    client_id: str = Field(pattern="^[!-~]+$", description="the gateway's own client id there")
    client_secret: SecretStr = Field(min_length=1, description="the gateway's own client secret there")
    client_auth: AuthMethod = Field(
        "client_secret_basic", description="how the secret is sent: `client_secret_basic` or `client_secret_post`"
    )
    name_vi: str = Field(min_length=1, max_length=60, description="what the button calls the provider, in Vietnamese")
    name_en: str = Field("", max_length=60, description="the same in English; default: as in Vietnamese")


class ZaloLoginSettings(BaseModel):
    """Zalo Login, where followers sign in as themselves; without settings there is no such sign-in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    oauth_url: Base = Field("https://oauth.zaloapp.com", description="where people agree to sign in")
    graph_url: Base = Field("https://graph.zalo.me", description="the Social API, which says who they are")
    app_id: str = Field(pattern="^[0-9]+$", description="id of the gateway's own Zalo app")
    app_secret: SecretStr = Field(min_length=1, description="secret of the gateway's own Zalo app")


class Settings(BaseModel):
    """All settings, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: Database = Field(
        "sqlite+aiosqlite:///var/quyen.db",
        description="`sqlite+aiosqlite:///file` or `postgresql+asyncpg://...`",
        repr=False,
    )
    redis_url: SecretStr | None = Field(None, description="limits shared by several processes; optional")
    public_url: Origin = Field(description="the origin of people and OAuth; also the issuer")
    api_url: Origin = Field(description="the origin of calls; another than the public one")
    listen: Address = Field("127.0.0.1:8400", description="where people and OAuth are served")
    api_listen: Address = Field("127.0.0.1:8401", description="where calls are served")
    trusted_proxies: Networks | None = Field(
        None,
        description="networks of the proxies in front, or `none`: only they are believed about where a caller stands. "
        "Required with an https public URL",
    )
    master_key: SecretStr = Field(description="32 bytes in base64url; seals everything secret. No default")
    refusal_cool_down_days: int = Field(
        default=30,
        ge=1,
        description="for how long an app that names nothing but what a person refused gets a neutral page before it, "
        "and a refused ask beside others says when it was refused",
    )
    record_retention_days: int = Field(
        ge=1,
        description="at least how long evidence of decisions is kept, as people are told beside their receipts; "
        "nothing is destroyed by it. No default",
    )
    checkpoint_dir: Path | None = Field(
        None, description="where checkpoints are kept; default: `checkpoints` beside the SQLite database"
    )
    journal_dir: Path | None = Field(
        None, description="where tombstones are kept; default: `journal` beside the SQLite database"
    )
    keys_dir: Path | None = Field(
        None, description="where person keys are kept; default: `keys` beside the SQLite database"
    )
    catalogue: Path | None = Field(
        None, description="folder of the catalogue; default: the one that comes with the program"
    )
    fetch_ca: str | None = Field(
        None,
        pattern="-----BEGIN CERTIFICATE-----",
        description="PEM of authorities to trust beside the system's when fetching what an app named; best as a file, "
        "`QUYEN_FETCH_CA_FILE`",
    )
    client_registration: bool = Field(
        default=False, description="whether apps may register themselves, unreviewed (RFC 7591)"
    )
    client_documents: bool = Field(
        default=False, description="whether a client_id may be the https address of a document, which is then fetched"
    )
    mode: str = Field(
        "business",
        pattern="^(platform|business)$",
        description="`platform` or `business`; the consent screen says which",
    )
    operator_name: str = Field("", description="who runs this gateway, as people read it")
    operator_contact: str = Field("", description="the data-protection contact, as people read it")
    operator_email: str = Field("", description="e-mail of that contact")
    authority: str = Field("", description="the authority that people may complain to, as they read it")
    platform: PlatformSettings = Field(default_factory=PlatformSettings, description="the platforms")
    oidc: OidcSettings | None = Field(None, description="sign-in at an OpenID Provider")
    zalo_login: ZaloLoginSettings | None = Field(None, description="sign-in of followers by Zalo")

    @field_serializer("database_url")
    def _without_password(self, value: str) -> str:
        return without_password(value)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.public_url == self.api_url:
            raise ValueError("QUYEN_API_URL must be another origin than QUYEN_PUBLIC_URL: cookies never reach the API")
        if self.trusted_proxies is None and self.public_url.startswith("https:"):
            raise ValueError(
                "QUYEN_TRUSTED_PROXIES: must be set with an https QUYEN_PUBLIC_URL: the networks of the proxies that "
                "speak TLS for this gateway, or none"
            )
        if not is_sqlite(self.database_url) and None in {self.checkpoint_dir, self.journal_dir, self.keys_dir}:
            raise ValueError(
                "QUYEN_CHECKPOINT_DIR, QUYEN_JOURNAL_DIR and QUYEN_KEYS_DIR must be set with PostgreSQL: "
                "every command and the server must find the same folders"
            )
        if len(self.master_key_bytes) != 32:
            raise ValueError("QUYEN_MASTER_KEY must be 32 bytes in base64url")
        for name, url in self._provider_urls():
            check_provider(name, url, public_url=self.public_url, api_url=self.api_url)
        return self

    def _provider_urls(self) -> Iterator[tuple[str, str]]:
        if self.oidc is not None:
            yield "QUYEN_OIDC__ISSUER", self.oidc.issuer
        if self.zalo_login is not None:
            yield "QUYEN_ZALO_LOGIN__OAUTH_URL", self.zalo_login.oauth_url
            yield "QUYEN_ZALO_LOGIN__GRAPH_URL", self.zalo_login.graph_url

    @property
    def is_on_loopback(self) -> bool:
        """Whether people reach this gateway on loopback alone (the demo), so that its apps may be there too."""
        return is_on_loopback(self.public_url)

    @property
    def master_key_bytes(self) -> bytes:
        """The master key, decoded; empty if it is not base64url."""
        raw_key = self.master_key.get_secret_value()
        try:
            key = urlsafe_b64decode(raw_key + "=" * (-len(raw_key) % 4))
        except ValueError:
            return b""
        return key if urlsafe_b64encode(key).decode().rstrip("=") == raw_key.rstrip("=") else b""
