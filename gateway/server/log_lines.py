"""How the server writes its log: a line of JSON on standard error for each event, from every library, without secrets.

A traceback's words and local variables hold what was being handled: a password, a token, a message. So no renderer of
exceptions runs here, whoever logs one; its kind and its places stand in the line instead (I6).
"""

import asyncio
import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.ground.web.bugs import log_bug, places_of


def configure_log() -> None:
    """Set up structlog and the standard library's logging; to be called once, by the server's process."""
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)
    told: list[Processor] = [structlog.stdlib.add_log_level, stamped, _without_words]
    written = structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event, default=str).decode())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=told, processors=[ProcessorFormatter.remove_processors_meta, written])
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    structlog.configure(
        processors=[*told, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what the event loop could tell nobody; its own handler prints the exception's words."""
    bug = context.get("exception")
    if isinstance(bug, BaseException):
        log_bug(bug, where="event loop")
    else:
        structlog.get_logger(__name__).error("event loop", what=str(context.get("message")))


def _without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put kind and places where an exception stood; stacks are left out."""
    event.pop("stack_info", None)
    given = event.pop("exc_info", None)
    bug = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(bug, BaseException):
        event.update(kind=type(bug).__name__, places=places_of(bug))
    return event
