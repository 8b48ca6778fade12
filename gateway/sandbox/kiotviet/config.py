"""Settings of the KiotViet stand-in: the API keys that the admins of its shops made."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.sandbox.kiotviet.seeds import SHOPS
from gateway.sandbox.serving import LOOPBACK_HOSTS


class ApiKey(BaseModel):
    """One shop's key, as its page *Thiết lập kết nối API* shows it.

    Args:
        retailer: the shop's name in the header `Retailer`, one of the seeded shops.
        client_id: a GUID.
        client_secret: 40 hexadecimal digits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    retailer: str
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)

    @field_validator("retailer")
    @classmethod
    def check_retailer(cls, retailer: str) -> str:
        """Only shops that live here."""
        if retailer not in SHOPS:
            raise ValueError(f"{retailer} is none of the seeded shops: {', '.join(SHOPS)}")
        return retailer


class KiotVietSandboxConfig(BaseModel):
    """The keys, and where the shops live.

    Args:
        keys: one for each shop that is connected.
        state_path: where tokens and what was written survive a restart; None keeps them in memory.
        hosts: names that a request's Host may bear, so that a page which rebinds its DNS name reaches nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: tuple[ApiKey, ...] = Field(min_length=1)
    state_path: Path | None = None
    hosts: frozenset[str] = LOOPBACK_HOSTS
