"""Client authentication at the token endpoint (OAuth 2.1, section 2.4; RFC 7523)."""

from tests.protocol.probes.parts import (
    CHALLENGED,
    CLIENT,
    CODE,
    KEPT,
    MACHINE,
    NOBODY,
    REQUEST,
    token,
)
from tests.protocol.probing import Differs, Wanted

ASSERTION = {**MACHINE, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
UNREADABLE = Differs(REQUEST, "57: a header that proves nobody is a failed authentication, so 401 (RFC 6749, 5.2)")
UNTYPED = Differs(REQUEST, "49: an unsupported authentication method is invalid_client (RFC 6749, 5.2)")
NOT_ALLOWED = Differs(REQUEST, "62: the word is unauthorized_client (RFC 6749, 5.2)")
CLIENTS = (
    token("56", "by header", Wanted(200, headers=KEPT), CODE),
    token(
        "56",
        "by header, each byte of the id encoded",
        Wanted(200),
        CODE,
        headers={"Authorization": "{basic_every_byte_encoded}"},
    ),
    token("15", "nothing but its name", CLIENT, {**CODE, "client_id": "{client_id}"}, headers={}),
    token("15", "nobody at all", CLIENT, CODE, headers={}, oracle=NOBODY),
    token("17", "a wrong secret by header", CHALLENGED, CODE, headers={"Authorization": "{wrong_basic}"}),
    token(
        "17", "a wrong secret by body", CLIENT, {**CODE, "client_id": "{client_id}", "client_secret": "x"}, headers={}
    ),
    token("63", "an unknown client by header", CHALLENGED, CODE, headers={"Authorization": "{unknown_basic}"}),
    token("63", "an unknown client by name", CLIENT, {**CODE, "client_id": "nobody"}, headers={}),
    token(
        "55",
        "header and body at once",
        REQUEST,
        {**CODE, "client_id": "{client_id}", "client_secret": "{client_secret}"},
    ),
    token("55", "another name in the body", REQUEST, {**CODE, "client_id": "{public}"}),
    token("57", "Basic that is not base64", CLIENT, CODE, headers={"Authorization": "Basic ###"}, oracle=UNREADABLE),
    token("57", "Basic without a colon", CLIENT, CODE, headers={"Authorization": "Basic bm9ib2R5"}, oracle=UNREADABLE),
    token("57", "another scheme", CLIENT, CODE, headers={"Authorization": "Digest x"}, oracle=UNREADABLE),
    token(
        "8",
        "a secret in the address",
        Wanted((400, 401), None),
        {**MACHINE, "client_id": "{client_id}"},
        headers={},
        query={"client_secret": "{client_secret}"},
    ),
    token(
        "28",
        "client_credentials of a public client",
        Wanted(400, "unauthorized_client"),
        {**MACHINE, "client_id": "{public}"},
        headers={},
        oracle=NOT_ALLOWED,
    ),
    token(
        "62",
        "a grant that it did not register",
        Wanted(400, "unauthorized_client"),
        MACHINE,
        headers={"Authorization": "{other_basic}"},
        oracle=NOT_ALLOWED,
    ),
    *(
        token(
            "190",
            f"an assertion {case.replace('_', ' ')}",
            Wanted(200) if case == "right" else CLIENT,
            {**ASSERTION, "client_assertion": f"{{assertion_{case}}}"},
            headers={},
        )
        for case in (
            "right",
            "of_another_audience",
            "of_another_issuer",
            "without_jti",
            "without_exp",
            "expired",
            "by_another_key",
        )
    ),
    token(
        "49", "an assertion twice", CLIENT, {**ASSERTION, "client_assertion": "{assertion_right}"}, headers={}, times=2
    ),
    token(
        "49",
        "an assertion of an unknown type",
        CLIENT,
        {**ASSERTION, "client_assertion_type": "x", "client_assertion": "{assertion_right}"},
        headers={},
        oracle=UNTYPED,
    ),
)
