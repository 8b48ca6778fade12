"""The query of an address of ours: a name stands once; one that the address does not know says nothing."""

from aiohttp import web

from gateway.terms.refusal import Refusal


def check_query(request: web.Request) -> None:
    """Refuse a query in which a name stands twice, known or not: which of two counts is never guessed.

    Raises:
        Refusal: `bad_target`.
    """
    if len(request.query) > len(set(request.query)):
        raise Refusal("bad_target", "a parameter stands more than once")
