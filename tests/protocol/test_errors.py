"""The table of errors: its words are those of the specifications, and what has no row is not guessed at."""

import pytest

from gateway.doors.oauth.errors import ERRORS, error_members, render_refusal
from gateway.terms.refusal import Refusal

RFC_6749 = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
}
AT_PAR = {"unsupported_response_type", "consent_required", "unmet_authentication_requirements"}
"""What RFC 9126, section 2.3, lets through from the authorize endpoint: RFC 6749 section 4.1.2.1, OpenID Connect
Core, and Unmet Authentication Requirements."""
WITH_A_KEY = {"invalid_dpop_proof", "use_dpop_nonce"}
"""RFC 9449, sections 5 and 8."""
OF_DEVICES = {"authorization_pending", "slow_down", "access_denied", "expired_token"}
"""RFC 8628, section 3.5."""
AT_REGISTRATION = {"invalid_redirect_uri", "invalid_client_metadata", "unapproved_software_statement"}
"""RFC 7591, section 3.2.2."""


def test_the_words_are_oauths() -> None:
    """Each row's word is one of the specifications that we follow, but for the limit, which has none there."""
    known = (
        RFC_6749
        | AT_PAR
        | WITH_A_KEY
        | OF_DEVICES
        | AT_REGISTRATION
        | {"invalid_target", "invalid_authorization_details"}
    )
    assert {row.error for reason, row in ERRORS.items() if reason != "limited"} == known
    assert all(400 <= row.status < 500 for row in ERRORS.values())


def test_a_refusal_without_a_row_is_a_bug() -> None:
    """It is not guessed at: the server answers 500 with a request id, and the test of all tables fails first."""
    with pytest.raises(KeyError):
        render_refusal(Refusal("never heard of"))


def test_req_018_descriptions_are_filtered() -> None:
    """Even a description that holds other signs leaves as the RFC wants it."""
    assert error_members("x", 'a"b\\c\r\né~ !') == {"error": "x", "error_description": "a?b?c???~ !"}
    assert error_members("x", "") == {"error": "x"}
