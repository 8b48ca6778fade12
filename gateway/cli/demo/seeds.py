"""Who and what stands in a fresh demo: invented people, apps and asks. Every name ends in "(mẫu)"."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateway.sandbox.zalo.seeds import FLORIST

_FOLDER = Path(__file__).parent / "apps"
_APPS = ("so-ban-hang.yaml", "giao-hang.yaml", "the-thanh-vien.yaml")


FOLLOWER = FLORIST.followers[0]
"""Who signs in as `khach-1`, by password or by the stand-in's Zalo Login; they follow the second owner's OA.

The third app asks them for their own Zalo name."""


@dataclass(frozen=True, slots=True)
class SeedPerson:
    """Someone who signs in to the demo."""

    login: str
    name: str
    role: str


PEOPLE = (
    SeedPerson("chu-shop-1", "Trần Minh Hạnh (mẫu)", "owner"),
    SeedPerson("chu-shop-2", "Lê Quốc Bảo (mẫu)", "owner"),
    SeedPerson("khach-1", FOLLOWER.display_name, "follower"),
    SeedPerson("dev-1", "Võ Anh Khoa (mẫu)", "developer"),
    SeedPerson("van-hanh-1", "Đỗ Hải Yến (mẫu)", "operator"),
)


def list_apps(sample_app: str) -> list[dict[str, Any]]:
    """Return the registrations of the apps at `sample_app`, for `quyen app register`; the first is seeded."""
    entries = [yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8")) for name in _APPS]
    places = {"redirect_uris": [f"{sample_app}/callback"], "notice_url": f"{sample_app}/notices"}
    return [{**entry, **places} for entry in entries]
