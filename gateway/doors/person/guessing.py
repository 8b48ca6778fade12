"""Guesses at a secret, counted under several keys at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.authority.limits import Limit, Limits


@dataclass(frozen=True, slots=True)
class Guesses:
    """The keys that one guess counts under, each with its limit."""

    limits: Limits
    keys: Mapping[str, Limit]

    async def wait_seconds(self) -> int:
        """Return the longest wait of all keys; 0 is now. Ask before a secret is compared, and again before a yes."""
        return max([await self.limits.wait_seconds(key, limit) for key, limit in self.keys.items()])

    async def count(self) -> None:
        """Count a wrong guess under each."""
        for key, limit in self.keys.items():
            await self.limits.count(key, limit)
