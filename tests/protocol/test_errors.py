"""The table of errors: every refusal that can reach the door has its row, and none is invented."""

import ast
from pathlib import Path

import pytest

import gateway.acts
from gateway.acts import poll_device, redeem, refresh, revoke
from gateway.doors import oauth
from gateway.doors.oauth.authorize import PAGE_STATUS
from gateway.doors.oauth.errors import ERRORS, error_members, render_refusal
from gateway.ground.web import forms
from gateway.terms.refusal import Refusal

RFC_6749 = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
}
AT_PAR = {"unsupported_response_type", "consent_required"}
"""What RFC 9126, section 2.3, lets through from the authorize endpoint (RFC 6749 section 4.1.2.1, OpenID Connect)."""
WITH_A_KEY = {"invalid_dpop_proof", "use_dpop_nonce"}
"""RFC 9449, sections 5 and 8."""
OF_DEVICES = {"authorization_pending", "slow_down", "access_denied", "expired_token"}
"""RFC 8628, section 3.5."""
AT_REGISTRATION = {"invalid_redirect_uri", "invalid_client_metadata", "unapproved_software_statement"}
"""RFC 7591, section 3.2.2."""
AUTHORIZE = {"authorize.py", "asking.py", "redirects.py"}


def list_reasons(source: str) -> set[str]:
    """List the literal reasons of every `Refusal(...)` in a source."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    made = [call for call in calls if ast.unparse(call.func) == "Refusal"]
    return {str(call.args[0].value) for call in made if isinstance(call.args[0], ast.Constant)}


def test_every_refusal_behind_the_post_endpoints_has_a_row() -> None:
    """What the acts, the form reader and the door's own modules refuse is in the table."""
    files = [Path(str(module.__file__)) for module in (poll_device, redeem, refresh, revoke, forms)]
    files += [path for path in Path(str(oauth.__file__)).parent.glob("*.py") if path.name not in AUTHORIZE]
    reasons = {reason for path in files for reason in list_reasons(path.read_text())}
    assert {"invalid_grant", "invalid_client", "too_large", "limited"} <= reasons
    assert reasons <= ERRORS.keys()


def test_the_house_refuses_a_family_in_the_tables_words() -> None:
    """`House.holding`, which both token acts ask, has one reason."""
    tree = ast.parse(Path(str(gateway.acts.__file__)).read_text())
    (holding,) = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef) and node.name == "holding"]
    assert list_reasons(ast.unparse(holding)) == {"invalid_grant"}


def test_every_refusal_before_a_trusted_redirect_has_a_status() -> None:
    """What can become the error page of the authorize endpoint has a status."""
    folder = Path(str(oauth.__file__)).parent
    names = ("authorize.py", "redirects.py", "parameters.py")
    reasons = {reason for name in names for reason in list_reasons((folder / name).read_text())}
    assert reasons - {"temporarily_unavailable"} <= PAGE_STATUS.keys()


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
    """It is not guessed at: the server answers 500 with a request id, and a test above fails first."""
    with pytest.raises(KeyError):
        render_refusal(Refusal("never heard of"))


def test_req_018_descriptions_are_filtered() -> None:
    """Even a description that holds other signs leaves as the RFC wants it."""
    assert error_members("x", 'a"b\\c\r\né~ !') == {"error": "x", "error_description": "a?b?c???~ !"}
    assert error_members("x", "") == {"error": "x"}
