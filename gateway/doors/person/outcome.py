"""What became of an act whose answer is 503: nothing, or perhaps a part of it; people are told which."""

from collections.abc import Iterator, Sized
from contextlib import contextmanager

from aiohttp import hdrs, web

from gateway.terms.refusal import Unavailable


@contextmanager
def telling_outcome(done: Sized = ()) -> Iterator[None]:
    """Let the failure of an act say what was done: nothing, unless `done` holds something or a commit got no answer.

    Only an act stands inside, nothing that comes after it; or several acts, of which each says it of itself.
    """
    try:
        yield
    except Unavailable as missing:
        missing.done = "perhaps" if done or missing.done == "perhaps" else "nothing"
        raise


def words_for(request: web.Request, missing: Unavailable) -> str:
    """Name the words that tell it; empty for those of its reason alone."""
    if missing.reason != "no_verdict":
        return ""
    if request.path == "/sign-in":
        return "not_signed_in"
    if request.method != hdrs.METH_POST:
        return ""
    return "not_done" if missing.done == "nothing" else "perhaps_done"
