"""How many calls and refusals one app may cause.

The gateway's own two bounds lie far above honest work (`docs/errors.md`). A platform's limit does not: the apps on it
share it, and who has used up a share hears of it here, before the platform would refuse somebody else.
"""

from datetime import timedelta

from gateway.authority.budgets import Budget
from gateway.authority.facts import TokenFacts
from gateway.authority.limits import Limit
from gateway.doors.calls.door import CallsDoor
from gateway.terms.refusal import Refusal
from scopes import Route

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


def pace_upstream(door: CallsDoor, route: Route, facts: TokenFacts) -> dict[str, str]:
    """Take one from the platform's budget, where it has one that this call counts for.

    Returns:
        what the answer says of it: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).

    Raises:
        Refusal: `limited`: the app's share is used up; nothing was sent.
    """
    budget = door.catalogue.platforms[route.platform_id].budget
    if budget is None or (budget.methods and route.method not in budget.methods):
        return {}
    key = f"{route.platform_id}/{_whose(door, route, facts, per=budget.per)}"
    allowance = door.budgets.take(key, facts.app_id, Budget(budget.calls, budget.seconds))
    told = {
        "RateLimit-Policy": f'"{route.platform_id}";q={budget.calls};w={budget.seconds}',
        "RateLimit": f'"{route.platform_id}";r={allowance.left};t={allowance.resets_seconds}',
    }
    if not allowance.is_granted:
        raise Refusal("limited", retry_after_seconds=allowance.resets_seconds, rate_limit=told)
    return told


def _whose(door: CallsDoor, route: Route, facts: TokenFacts, *, per: str) -> str:
    """Say whose limit it is: the account's, or that of the upstream app that the call goes through."""
    if per != "upstream_app":
        return facts.account_id
    return facts.upstream.external_id if facts.upstream else door.connectors[route.platform_id].upstream_app


async def _pace(door: CallsDoor, key: str, limit: Limit) -> None:
    wait = await door.limits.wait_seconds(key, limit)
    if wait:
        raise Refusal("limited", retry_after_seconds=wait)
    await door.limits.count(key, limit)
