"""Guesses at a secret, counted under several keys at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.authority.limits import Limit, Limits
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Guesses:
    """The keys that one guess counts under, each with its limit."""

    limits: Limits
    keys: Mapping[str, Limit]

    async def check(self) -> None:
        """Let one more guess through.

        Raises:
            Refusal: `limited`, with `retry_after_seconds`: the longest wait of all keys.
        """
        wait = max([await self.limits.wait_seconds(key, limit) for key, limit in self.keys.items()])
        if wait:
            raise Refusal("limited", retry_after_seconds=wait)

    async def count(self) -> None:
        """Count a guess under each."""
        for key, limit in self.keys.items():
            await self.limits.count(key, limit)

    async def judge(self, *, is_right: bool) -> None:
        """Count a guess that was compared, if it was wrong.

        Raises:
            Refusal: `limited`: others, made beside this one, used up the limit meanwhile. Right and wrong hear the
                same, so that who sends a hundred at once learns nothing from the one that is answered otherwise.
        """
        try:
            await self.check()
        finally:
            if not is_right:
                await self.count()
