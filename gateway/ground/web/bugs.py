"""What the log gets about a bug: its kind and its places, never its words, which may quote what people sent (I6)."""

import traceback

import structlog

_log = structlog.get_logger(__name__)


def log_bug(bug: BaseException, **where: str) -> None:
    """Log what nobody expected; `where` says what it happened to, in ids and names of our own."""
    _log.error("bug", kind=type(bug).__name__, places=places_of(bug), **where)


def places_of(bug: BaseException) -> list[str]:
    """Return the functions and lines that it went through, outermost first."""
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
