"""Every refusal that can reach a surface has a row in its table, and no row waits for one that cannot come."""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import get_args

import pytest

from gateway.doors.calls.problems import PROBLEMS
from gateway.doors.management.problems import PROBLEMS as OWN_PROBLEMS
from gateway.doors.oauth.authorize import PAGE_STATUS
from gateway.doors.oauth.errors import ERRORS
from gateway.doors.person.errors import STATUS
from scopes.refusals import BodyCode, TargetCode
from tests.architecture.reasons import Definition, find_reasons, list_computed, list_definitions, list_reasons
from tests.architecture.tree import list_python

OAUTH = "gateway.doors.oauth"
AUTHORIZE = f"{OAUTH}.authorize"
TABLES = f"{OAUTH}.redirects", f"{OAUTH}.endpoints", f"{OAUTH}.dialects"
ZALO = f"{OAUTH}.dialects.zalo"
BEFORE_A_REDIRECT = ("check_opened", "parse_query", "_open_pushed", "_get_asking", "refuse_method")
UNAVAILABLE = {"no_verdict", "not_settled"}
OF_HOUSE = "the house that all acts share; none of those that this door calls has it"
OF_A_DOCUMENT = "a fault of a client's document is told as bad_client_document"
OF_AUTHORIZE = "a request that was pushed is told invalid_request; of another the app hears it by redirect"
OF_THE_CHECKS = "the checks after it ask that of an Asking, and their answer goes to the app"


@dataclass(frozen=True)
class Surface:
    """One table, and the code whose refusals come to it.

    Args:
        rows: the reasons that the table knows.
        entries: the definitions where that code begins.
        computed: reasons that come in another way than as a literal: of the ground, of aiohttp, as a parameter.
        strays: reasons that the code leads to by name and that cannot come, each with the cause.
    """

    rows: Collection[str]
    entries: list[Definition]
    computed: frozenset[str] = frozenset()
    strays: Mapping[str, str] = field(default_factory=dict)


SURFACES = {
    "oauth": Surface(
        ERRORS.keys(),
        [
            *list_definitions("gateway/doors/oauth", but=[AUTHORIZE, *TABLES, ZALO]),
            (ZALO, "_read"),
            (ZALO, "_exchange"),
        ],
        strays={
            "app_suspended": "introspection says active: false",
            "invalid_token": "introspection says active: false",
            "not_found": OF_HOUSE,
            "nothing_to_change": "what is over already was revoked as well as can be",
            "request_not_supported": OF_AUTHORIZE,
            "request_uri_not_supported": OF_AUTHORIZE,
        },
    ),
    "authorize, before a redirect": Surface(
        PAGE_STATUS.keys(),
        [(AUTHORIZE, name) for name in BEFORE_A_REDIRECT],
        strays={
            "invalid_authorization_details": OF_THE_CHECKS,
            "invalid_client_metadata": OF_A_DOCUMENT,
            "invalid_redirect_uri": OF_A_DOCUMENT,
            "invalid_scope": OF_THE_CHECKS,
            "invalid_target": OF_THE_CHECKS,
            "not_found": OF_HOUSE,
            "nothing_to_change": "a grant that somebody ended meanwhile need not be confirmed anew",
            "unapproved_software_statement": OF_A_DOCUMENT,
        },
    ),
    "pages": Surface(
        STATUS.keys(),
        [
            *list_definitions("gateway/doors/person"),
            *list_definitions("gateway/doors/consoles"),
            *list_definitions("gateway/platforms"),
        ],
        computed=frozenset({"wrong_method", "provider_silent"}),
        strays={
            "logout_replayed": "back-channel logout answers in JSON",
            "screen_outdated": "the consent screen is shown anew",
            "sign_in_again": "leads to the sign-in page",
            "unmet_authentication_requirements": "the app hears it (RFC 9470)",
        },
    ),
    "own affairs": Surface(
        OWN_PROBLEMS.keys(),
        list_definitions("gateway/doors/management"),
        computed=frozenset(UNAVAILABLE),
    ),
    "calls": Surface(
        PROBLEMS.keys(),
        [*list_definitions("gateway/doors/calls"), *list_definitions("gateway/platforms")],
        computed=frozenset({*UNAVAILABLE, *get_args(TargetCode), *get_args(BodyCode)}),
        strays={
            "not_found": OF_HOUSE,
            "platform_refused": "a connection that the platform refuses is told as connection_lost",
            "provider_refused": "people's sign-in at the platform is no part of a call",
        },
    ),
}
COMPUTED = {
    "gateway/doors/calls/admission.py": {"refused.code"},
    "gateway/doors/calls/multipart.py": {"refused.code"},
    "gateway/doors/calls/walk.py": {"refusal.reason"},
    "gateway/doors/management/problems.py": {"missing.reason"},
    "gateway/doors/oauth/clients.py": {"refusal.reason"},
    "gateway/doors/person/errors.py": {"_reason_of(answer)"},
}
"""Where a reason is no literal: it is one that a table of another kind names, or passed on."""


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_has_a_row_for_each_reason_and_no_other(name: str) -> None:
    """What the door's code, and all that it leads to, refuses for is in the door's table, and the table has no more."""
    surface = SURFACES[name]
    found = find_reasons(surface.entries)
    missing = {reason: places for reason, places in found.items() if reason not in {*surface.rows, *surface.strays}}
    assert missing == {}
    assert sorted(set(surface.rows) - found.keys() - surface.computed) == []
    assert sorted(reason for reason in surface.strays if reason not in found or reason in surface.rows) == []


def test_reasons_are_literal() -> None:
    """Whoever reads the code sees why it refuses; the few places that compute a reason are known by name."""
    computed = {file.path: set(list_computed(file.syntax)) for file in list_python("gateway", "scopes")}
    assert {path: codes for path, codes in computed.items() if codes} == COMPUTED


def test_the_way_is_followed() -> None:
    """Reasons are found in the door, two floors below it, and in a conditional."""
    found = find_reasons(SURFACES["oauth"].entries)
    assert "gateway.authority.proofs._refusal" in found["invalid_dpop_proof"]
    assert "gateway.records.families.minting.narrowed" in found["invalid_scope"]
    assert "gateway.acts.family.get_holding" in found["invalid_grant"]
    conditional = ast.parse("raise Refusal('a' if b else 'c', 'd')")
    assert list(list_reasons(conditional)) == ["a", "c"]
    assert list(list_computed(ast.parse("raise Refusal(code)"))) == ["code"]
