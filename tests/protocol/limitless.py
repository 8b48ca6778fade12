"""Limits that nobody meets, for tests that ask for more than any honest caller does."""

from gateway.authority.limits import Limit


class NoLimits:
    """Limits that nobody meets, so that more than the first few hundred requests get an answer of their own."""

    async def wait_seconds(self, key: str, limit: Limit) -> int:
        """Never wait."""
        return 0

    async def count(self, key: str, limit: Limit) -> None:
        """Count nothing."""
