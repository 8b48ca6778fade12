"""The settings: the only reader of the environment.

Every name begins with `QUYEN_`; nested ones use `__`; a secret may stand in a file named by `<NAME>_FILE`. Unknown
names and unsafe combinations refuse to start, with one sentence each.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_serializer,
    model_validator,
)

from gateway.ground.identity.types import AuthMethod
from gateway.ground.storage.engines import is_usable, without_password

PREFIX = "QUYEN_"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsRefused(Exception):
    """The settings cannot be used; the text says which and why, and holds no secret."""


def _base(value: str) -> str:
    """Check the start of a URL: over TLS or loopback, and nothing in it that is secret or comes after a path.

    What comes back is spelled as a browser spells an origin, so that two spellings of one are one.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_port(parts):
        raise ValueError("must be http(s)://host[:port]")
    if any(not "!" <= sign <= "~" for sign in value) or {"@", "?", "#"} & set(value):
        raise ValueError("must be printable ASCII without user, query or fragment")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("must be https; http is for loopback only")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path}".rstrip("/")


def _check_provider(issuer: str, public_url: str, api_url: str) -> None:
    """Refuse a provider that could vouch for nobody: the gateway itself, or one that passwords reach in the clear."""
    parts = urlsplit(issuer)
    if f"{parts.scheme}://{parts.netloc}" in {public_url, api_url}:
        raise ValueError("QUYEN_OIDC__ISSUER must be another origin than the gateway's own")
    if parts.scheme == "http" and public_url.startswith("https:"):
        raise ValueError("QUYEN_OIDC__ISSUER must be https where QUYEN_PUBLIC_URL is")


def _origin(value: str) -> str:
    origin = _base(value)
    if urlsplit(origin).path:
        raise ValueError("must be an origin: no path")
    return origin


def _issuer(value: str) -> str:
    """Check an issuer and leave it as it is: it is compared byte for byte with what the provider writes."""
    _base(value)
    return value


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise ValueError("must be host:port")
    return value


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    if value.strip() == "none":
        return ()
    try:
        return tuple(ip_network(each.strip()) for each in value.split(","))
    except ValueError:
        raise ValueError("must be networks like 10.0.0.0/8,fd00::/8, or none") from None


def _database(value: str) -> str:
    if not is_usable(value):
        raise ValueError("must be sqlite+aiosqlite:///file or postgresql+asyncpg://...")
    return value


Origin = Annotated[str, AfterValidator(_origin)]
Base = Annotated[str, AfterValidator(_base)]
Database = Annotated[str, AfterValidator(_database)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Address = Annotated[str, AfterValidator(_address)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks, json_schema_input_type=str)]


class ZaloSettings(BaseModel):
    """Where Zalo is, and the gateway's own app there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Base = Field("https://openapi.zalo.me", description="the OA API")
    oauth_url: Base = Field("https://oauth.zaloapp.com", description="where accounts are linked and tokens renewed")
    app_id: str = Field(description="id of the gateway's own Zalo app")
    app_secret: SecretStr = Field(description="secret of the gateway's own Zalo app")


class MatrixSettings(BaseModel):
    """Where the Matrix homeserver is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Base = Field(description="the homeserver's client-server API, without /_matrix")


class PlatformSettings(BaseModel):
    """The platforms that this gateway stands in front of; one without settings is absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zalo: ZaloSettings | None = Field(None, description="Zalo Official Account")
    matrix: MatrixSettings | None = Field(None, description="Matrix")


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
        default=30, ge=1, description="for how long the same app does not ask again what a person refused"
    )
    record_retention_days: int = Field(ge=1, description="how long the grant log keeps its evidence. No default")
    checkpoint_dir: Path | None = Field(
        None, description="where checkpoints are kept; default: `checkpoints` beside the database"
    )
    journal_dir: Path | None = Field(
        None, description="where tombstones are kept; default: `journal` beside the database"
    )
    keys_dir: Path | None = Field(None, description="where person keys are kept; default: `keys` beside the database")
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
        if len(self.master_key_bytes) != 32:
            raise ValueError("QUYEN_MASTER_KEY must be 32 bytes in base64url")
        if self.oidc is not None:
            _check_provider(self.oidc.issuer, self.public_url, self.api_url)
        return self

    @property
    def is_on_loopback(self) -> bool:
        """Whether people reach this gateway on loopback alone (the demo), so that its apps may be there too."""
        return urlsplit(self.public_url).hostname in _LOOPBACK

    @property
    def master_key_bytes(self) -> bytes:
        """The master key, decoded; empty if it is not base64url."""
        raw_key = self.master_key.get_secret_value()
        try:
            key = urlsafe_b64decode(raw_key + "=" * (-len(raw_key) % 4))
        except ValueError:
            return b""
        return key if urlsafe_b64encode(key).decode().rstrip("=") == raw_key.rstrip("=") else b""


def read_settings(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read and check the settings.

    Args:
        environment: the variables; default: the process's own.
        env_file: lines of `NAME=value` that the environment overrides.

    Raises:
        SettingsRefused: unknown name, missing or unusable value; the text names it and shows no secret.
    """
    found = _overridden(
        _read_env_file(env_file) if env_file else {}, os.environ if environment is None else environment
    )
    nested: dict[str, Any] = {}
    for name, value in sorted(found.items()):
        if name.startswith(PREFIX) and name not in _FOR_COMMANDS:
            _place(nested, *_from_file(name, value))
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        raise SettingsRefused("; ".join(_sentence(each) for each in error.errors(include_input=False))) from None


def find_catalogue(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Path | None:
    """Find the folder of the catalogue alone (`QUYEN_CATALOGUE`): commands on it need no other setting.

    Raises:
        SettingsRefused: the file of settings, or the one that holds the name, cannot be read; or it is given twice.
    """
    found = _overridden(
        _read_env_file(env_file) if env_file else {}, os.environ if environment is None else environment
    )
    named: dict[str, Any] = {}
    for name, value in sorted(found.items()):
        if name.removesuffix("_FILE") == f"{PREFIX}CATALOGUE":
            _place(named, *_from_file(name, value))
    return Path(named["catalogue"]) if named else None


_FOR_COMMANDS = frozenset({"QUYEN_DEMO_PORT"})


def demo_port(environment: Mapping[str, str] | None = None) -> int:
    """Return the first of the demo's four ports (`QUYEN_DEMO_PORT`, default 8400).

    Raises:
        SettingsRefused: not a port with room for three more.
    """
    raw_port = (os.environ if environment is None else environment).get("QUYEN_DEMO_PORT", "8400")
    if not (raw_port.isascii() and raw_port.isdecimal()) or not 1024 <= int(raw_port) <= 65532:
        raise SettingsRefused("QUYEN_DEMO_PORT must be a port between 1024 and 65532")
    return int(raw_port)


def _overridden(in_file: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Put the environment over a file of settings; a value and the file that holds it are one setting."""
    said = {name.removesuffix("_FILE") for name in environment}
    kept = {name: value for name, value in in_file.items() if name.removesuffix("_FILE") not in said}
    return {**kept, **environment}


def _from_file(name: str, value: str) -> tuple[str, str]:
    if not name.endswith("_FILE"):
        return name, value
    try:
        return name.removesuffix("_FILE"), Path(value).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"{name}: the file cannot be read ({_why(error)})") from None


def _why(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8, or has no such name"


def _place(nested: dict[str, Any], name: str, value: str) -> None:
    *folders, last = name.removeprefix(PREFIX).lower().split("__")
    for folder in folders:
        nested = nested.setdefault(folder, {})
        if not isinstance(nested, dict):
            raise SettingsRefused(f"{name}: stands beside a value of the same name")
    if last in nested:
        raise SettingsRefused(f"{name}: given twice")
    nested[last] = value


def _sentence(error: Any) -> str:
    name = PREFIX + "__".join(str(part).upper() for part in error["loc"]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return f"{name}: no such setting"
    if error["type"] == "missing":
        return f"{name}: must be set"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"{path}: cannot be read ({_why(error)})") from None
    pairs = [line.split("=", 1) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if any(len(pair) != 2 for pair in pairs):
        raise SettingsRefused(f"{path}: a line is not NAME=value")
    return {name.strip(): value.strip() for name, value in pairs}
