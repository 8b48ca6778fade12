"""Rounds: what the server does every few seconds beside the calls; verdicts do not wait for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from gateway.acts import House
from gateway.acts.expire import expire
from gateway.acts.forget_apps import MOST_APPS, forget_apps
from gateway.acts.forget_devices import forget_devices
from gateway.acts.forget_requests import MOST_REQUESTS, forget_requests
from gateway.acts.forget_tokens import MOST_TOKENS, forget_tokens
from gateway.acts.keep_revocation import MOST_REVOCATIONS, forget_revocations
from gateway.acts.seal_trace import MOST_LINES, seal_trace
from gateway.acts.send_events import MOST_AT_ONCE as MOST_STALE
from gateway.acts.send_events import drop_stale
from gateway.acts.send_notices import forget_notices
from gateway.acts.spend_assertion import forget_spent
from gateway.server.health import Health
from gateway.terms.refusal import Unavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Round:
    """An act that is done again and again.

    Args:
        name: as the log and `/readyz` tell it.
        seconds: pause between two times.
        act: what is done.
    """

    name: str
    seconds: float
    act: Callable[[House], Awaitable[object]]


def _whole(act: Callable[[House], Awaitable[int]], most: int) -> Callable[[House], Awaitable[None]]:
    """Return an act that is done until less than `most` came of it: others write between two of its transactions."""

    async def whole(house: House) -> None:
        while await act(house) == most:
            pass

    return whole


ROUNDS = (
    Round("expire", 5, expire),
    Round("drop_stale_events", 60, _whole(drop_stale, MOST_STALE)),
    Round("seal_trace", 30, _whole(seal_trace, MOST_LINES)),
    Round("forget_spent", 600, forget_spent),
    Round("forget_devices", 600, forget_devices),
    Round("forget_requests", 600, _whole(forget_requests, MOST_REQUESTS)),
    Round("forget_tokens", 600, _whole(forget_tokens, MOST_TOKENS)),
    Round("forget_apps", 600, _whole(forget_apps, MOST_APPS)),
    Round("forget_revocations", 3600, _whole(forget_revocations, MOST_REVOCATIONS)),
    Round("forget_notices", 3600, forget_notices),
)


@asynccontextmanager
async def going_round(house: House, health: Health, *, further: Iterable[Round] = ()) -> AsyncIterator[None]:
    """Do every round until the server stops; an act under way is done before the house closes.

    Args:
        house: the parts.
        health: is told what could not be done.
        further: rounds for which more is needed than a house.
    """
    stopping = asyncio.Event()
    rounds = (*ROUNDS, *further)
    tasks = [asyncio.create_task(repeat(each, house, health, stopping=stopping)) for each in rounds]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def repeat(wanted: Round, house: House, health: Health, *, stopping: asyncio.Event) -> None:
    """Do one round until asked to stop.

    A failure is logged, is shown by `/readyz` until the next time that it is done, and ends nothing.
    """
    while not stopping.is_set():
        try:
            await wanted.act(house)
        except Unavailable as unavailable:
            health.failing.add(wanted.name)
            log.warning("a round was not done", round=wanted.name, what=unavailable.what)
        except Exception:  # a bug in one round must not end it for good, unseen
            health.failing.add(wanted.name)
            log.exception("a round failed", round=wanted.name)
        else:
            health.failing.discard(wanted.name)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wanted.seconds)
