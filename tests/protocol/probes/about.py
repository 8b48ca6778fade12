"""Revocation (RFC 7009) and introspection (RFC 7662)."""

from tests.protocol.probes.parts import (
    BASIC,
    CHALLENGED,
    CLIENT,
    NOBODY,
    POST_ALONE,
    REQUEST,
)
from tests.protocol.probing import Differs, Probe, Wanted

SILENT = Differs(
    REQUEST, "74: telling a token of another client from an unknown one says that it exists (RFC 7009, 2.2)"
)
PROVES_NOTHING = Differs(Wanted(200), "81: a public client cannot be authenticated (RFC 7662, 2.1)")


def about(requirement: str, name: str, endpoint: str, wanted: Wanted, fields: dict[str, str], **more: object) -> Probe:
    """Return a probe about a token as the confidential client."""
    return Probe(requirement, name, endpoint, wanted, fields, **{"headers": BASIC, **more})  # type: ignore[arg-type]


NOTHING = Wanted(200, body={"active": False})
ABOUT = (
    *(
        probe
        for number, endpoint in (("80", "revocation"), ("81", "introspection"))
        for probe in (
            about(number, "GET", endpoint, POST_ALONE, {}, method="GET"),
            about(number, "nobody at all", endpoint, CLIENT, {"token": "x"}, headers={}, oracle=NOBODY),
            about(
                number,
                "a wrong secret",
                endpoint,
                CHALLENGED,
                {"token": "x"},
                headers={"Authorization": "{wrong_basic}"},
            ),
            about(number, "no token", endpoint, REQUEST, {}),
            about("11", "a token twice", endpoint, REQUEST, {}, raw="token=a&token=b"),
            about("14", "JSON", endpoint, REQUEST, {}, raw='{"token": "x"}', media="application/json"),
        )
    ),
    about("75", "an unknown token", "revocation", Wanted(200), {"token": "nothing"}),
    about("75", "a token twice", "revocation", Wanted(200), {"token": "{refresh}"}, times=2),
    about("76", "an unknown hint", "revocation", Wanted(200), {"token": "{refresh}", "token_type_hint": "foo"}),
    about("76", "a wrong hint", "revocation", Wanted(200), {"token": "{refresh}", "token_type_hint": "access_token"}),
    about(
        "78",
        "a public client's own",
        "revocation",
        Wanted(200),
        {"token": "{refresh_public_bound}", "client_id": "{public}"},
        headers={},
    ),
    about(
        "74", "a token of another client", "revocation", Wanted(200), {"token": "{refresh_public_bound}"}, oracle=SILENT
    ),
    about("82", "an unknown token", "introspection", NOTHING, {"token": "nothing"}),
    about("82", "a token of another client", "introspection", NOTHING, {"token": "{access_public_bound}"}),
    about(
        "83", "a wrong hint", "introspection", Wanted(200), {"token": "{refresh}", "token_type_hint": "access_token"}
    ),
    about(
        "81",
        "a public client",
        "introspection",
        CLIENT,
        {"token": "{access_public_bound}", "client_id": "{public}"},
        headers={},
        oracle=PROVES_NOTHING,
    ),
)
