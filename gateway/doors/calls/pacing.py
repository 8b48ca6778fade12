"""How many calls and refusals one app may cause. Both bounds lie far above honest work (`docs/errors.md`)."""

from datetime import timedelta

from gateway.authority.facts import TokenFacts
from gateway.authority.limits import Limit
from gateway.doors.calls.door import CallsDoor
from gateway.terms.refusal import Refusal

CALLS = Limit(60_000, timedelta(minutes=5))
REFUSALS = Limit(600, timedelta(minutes=10))


async def pace_call(door: CallsDoor, facts: TokenFacts) -> None:
    """Count a call by a token that lives: who finds an ended one uses up nothing of the app's.

    Raises:
        Refusal: `limited`.
    """
    await _pace(door, f"calls/app/{facts.app_id}", CALLS)


async def pace_refusal(door: CallsDoor, facts: TokenFacts) -> None:
    """Count a refusal before it is traced: each line is a durable write, and any token ever issued could ask for one.

    Raises:
        Refusal: `limited`: this one is told and not traced. Calls that are not refused go on.
    """
    await _pace(door, f"calls/refused/{facts.family_id}", REFUSALS)


async def _pace(door: CallsDoor, key: str, limit: Limit) -> None:
    wait = await door.limits.wait_seconds(key, limit)
    if wait:
        raise Refusal("limited", retry_after_seconds=wait)
    await door.limits.count(key, limit)
