"""What an Official Account and its followers are, and the index over the seeded ones."""

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Literal

AVATARS = "https://anh.zalo-mau.example"


@dataclass(frozen=True)
class Contact:
    """What a follower submitted; `phone` 0 is how the platform says "none", None leaves the member out."""

    name: str
    phone: int | None = None
    address: str = ""
    district: str = ""
    city: str = ""
    born: str = ""


@dataclass(frozen=True)
class Follower:
    """One who follows an OA; `seen_ago` is the time since the last interaction when the sandbox starts.

    Args:
        user_id: by which the OA knows them.
        id_by_app: by which the first app knows them (`user_id_by_app`, the `id` of `/me`): another number.
        notes: what the OA's staff wrote about them.
        came_by: the parameter of the link by which they came.
    """

    user_id: str
    id_by_app: str
    display_name: str
    contact: Contact | None
    tags: tuple[str, ...] = ()
    alias: str = ""
    is_sensitive: bool = False
    seen_ago: timedelta = timedelta(hours=30)
    notes: tuple[str, ...] = ()
    came_by: str = ""

    def id_to(self, other_app: str | None) -> str:
        """By which an app knows them: to each app beside the first one another number again, always the same."""
        if other_app is None:
            return self.id_by_app
        return str(10**18 + int(sha256(f"{other_app} {self.user_id}".encode()).hexdigest()[:15], 16))

    def avatar(self, pixels: int) -> str:
        """An address that leads nowhere: the `.example` names are reserved."""
        return f"{AVATARS}/{pixels}/{self.user_id}.jpg"


@dataclass(frozen=True)
class SeedLine:
    """One line of a seeded chat: which follower (by position), how long ago, who spoke, what."""

    follower: int
    minutes_ago: int
    speaker: Literal["user", "oa"]
    text: str


@dataclass(frozen=True)
class OfficialAccount:
    """An OA with everything that hangs on it."""

    oa_id: str
    name: str
    description: str
    category: str
    followers: tuple[Follower, ...]
    tags: tuple[str, ...]
    chat: tuple[SeedLine, ...] = field(repr=False)

    def avatar(self) -> str:
        """The OA's own picture."""
        return f"{AVATARS}/oa/{self.oa_id}.jpg"

    def find_follower(self, user_id: str) -> Follower | None:
        """The follower with this id, if it follows this OA."""
        return next((follower for follower in self.followers if follower.user_id == user_id), None)
