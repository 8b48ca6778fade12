"""Every reason that a call can be refused for is told in each dialect."""

import json
from dataclasses import replace
from http import HTTPStatus

import pytest

from gateway.doors.calls.dialects import (
    Renderer,
    find_renderer,
    render_kiotviet,
    render_matrix,
    render_problem,
    render_zalo,
    render_zalo_social,
    status_of,
)
from gateway.doors.calls.problems import PROBLEMS, Problem, problem_of
from gateway.doors.calls.schemes import Scheme
from gateway.terms.refusal import Refusal, Unavailable

RENDERERS = (render_problem, render_matrix, render_zalo, render_zalo_social, render_kiotviet)
SOCIAL_CODES = {-216: 452, -223: 210}
ZALO_CODES = {
    "no_credential": -216,
    "invalid_token": -216,
    "insufficient_scope": -223,
    "insufficient_user_authentication": -223,
    "purpose_not_granted": -223,
    "resource_not_granted": -223,
    "no_basis": -223,
    "paused": -223,
    "limited": -32,
    "app_suspended": -219,
    "bad_target": -201,
    "bad_body": -201,
    "purpose_required": -201,
    "unknown_route": 404,
    "denied_route": -209,
    "upstream_failed": -200,
    "connection_lost": -200,
    "no_verdict": -200,
}
STATUSES = {
    400: {"bad_target", "two_credentials", "purpose_required", "bad_body"},
    401: {
        "no_credential",
        "invalid_token",
        "invalid_dpop_proof",
        "use_dpop_nonce",
        "insufficient_user_authentication",
    },
    403: {
        "insufficient_scope",
        "purpose_not_granted",
        "resource_not_granted",
        "no_basis",
        "paused",
        "app_suspended",
        "address_not_listed",
        "denied_route",
    },
    404: {"unknown_route"},
    413: {"too_large"},
    415: {"unsupported_media"},
    429: {"limited"},
    500: {"internal"},
    502: {"upstream_failed", "connection_lost", "upstream_malformed"},
    503: {"no_verdict", "not_settled"},
    504: {"upstream_timeout"},
}


def problem(code: str, **facts: object) -> Problem:
    """Return a problem as a call would make it."""
    refusal = Refusal(code, "note", log_detail="secret", **facts)
    return problem_of(refusal, request_id="rq_1", resource_metadata="https://m")


def test_statuses_are_the_contracts() -> None:
    """Each code has the status that the contract gives it."""
    assert {code: row.status for code, row in PROBLEMS.items()} == {
        code: status for status, codes in STATUSES.items() for code in codes
    }


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_row_is_told_in_every_dialect(code: str) -> None:
    """Each dialect has its words for each code, in both languages, and none shows what is for the log alone."""
    for render in RENDERERS:
        for language in ("vi", "en"):
            told = render(problem(code), language)
            assert json.loads(told.body)
            assert b"secret" not in told.body
            differs = {
                render_zalo: 200,
                render_zalo_social: 200,
                render_kiotviet: 420 if code == "bad_body" else PROBLEMS[code].status,
            }
            assert told.status == status_of(code, render) == differs.get(render, PROBLEMS[code].status)


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_problem_json_says_what_the_contract_promises(code: str) -> None:
    """A stable code, the status, words in the caller's language and the request id."""
    told = json.loads(render_problem(problem(code), "en").body)
    assert (told["code"], told["status"], told["request_id"]) == (code, PROBLEMS[code].status, "rq_1")
    assert told["title"] == HTTPStatus(PROBLEMS[code].status).phrase


@pytest.mark.parametrize("render", [render_problem, render_matrix])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_detail_is_in_one_language_and_says_which(render: Renderer, language: str) -> None:
    """`detail` has no English tail in Vietnamese: what is said in English alone is a member of its own, where it is."""
    told = render(problem("bad_target"), language)
    members = json.loads(told.body)
    assert members["detail"] == getattr(PROBLEMS["bad_target"], language)
    assert (members["note"], told.headers["Content-Language"]) == ("note", language)
    assert "note" not in json.loads(render(replace(problem("bad_target"), note=""), language).body)


@pytest.mark.parametrize("code,zalo", sorted(ZALO_CODES.items()))
def test_zalo_speaks_its_own_codes(code: str, zalo: int) -> None:
    """Zalo's envelope with the code of the contract, HTTP 200, no challenge, our code in a header."""
    for render, spoken in ((render_zalo, zalo), (render_zalo_social, SOCIAL_CODES.get(zalo, zalo))):
        told = render(problem(code), "vi")
        assert json.loads(told.body)["error"] == spoken
        assert (told.status, told.headers["Quyen-Error"]) == (200, code)
        assert "WWW-Authenticate" not in told.headers


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_kiotviet_speaks_its_own_envelope(code: str) -> None:
    """`responseStatus` alone, our word unless KiotViet's is known, and what else HTTP has for it."""
    told = render_kiotviet(problem(code), "en")
    word = "KvValidateException" if code == "bad_body" else code
    status = {"errorCode": word, "message": PROBLEMS[code].en, "errors": [{"message": "note"}]}
    assert json.loads(told.body) == {"responseStatus": status}
    assert (told.headers["Quyen-Error"], told.headers["Content-Language"]) == (code, "en")
    assert ("Retry-After" in told.headers) is (code == "limited")
    assert bool(told.challenges) is bool(render_problem(problem(code), "en").challenges)
    plain = json.loads(render_kiotviet(replace(problem(code), note=""), "vi").body)["responseStatus"]
    assert (plain["message"], plain["errors"]) == (PROBLEMS[code].vi, [])


def test_a_reason_without_words_has_no_status() -> None:
    """What is no reason of this surface is told as a fault of ours, whose line says 0."""
    assert status_of("not_a_reason", render_problem) == 0


def test_matrix_clients_find_their_errcode() -> None:
    """`errcode` and `error` stand beside the problem's members, and how long to wait in milliseconds."""
    told = json.loads(render_matrix(problem("limited"), "en").body)
    assert (told["errcode"], told["error"], told["code"]) == ("M_LIMIT_EXCEEDED", told["detail"], "limited")
    assert told["retry_after_ms"] == 1000


def test_challenges_follow_rfc_6750_and_9449() -> None:
    """No error without a credential; else the error, the asks, where to consent, and the metadata."""
    bearer, dpop = render_problem(problem("no_credential"), "vi").challenges
    assert bearer == 'Bearer resource_metadata="https://m"'
    assert dpop == 'DPoP resource_metadata="https://m", algs="ES256 Ed25519"'
    asked = problem("insufficient_scope", asks=["zalo.tag.read", "zalo.message.read#crm"], consent_url="https://c/?a=b")
    (challenge,) = render_problem(replace(asked, scheme=Scheme.BEARER), "vi").challenges
    assert challenge.startswith('Bearer error="insufficient_scope", error_description="')
    assert 'scope="zalo.tag.read zalo.message.read#crm"' in challenge
    assert 'consent_url="https://c/?a=b"' in challenge
    assert render_problem(problem("paused"), "vi").challenges == ()


def test_no_challenge_sends_an_app_to_ask_for_what_no_ask_of_it_opens() -> None:
    """The metadata alone stands there: `insufficient_scope` would make clients ask for all that there is."""
    told = render_problem(replace(problem("insufficient_scope", asks=[]), scheme=Scheme.BEARER), "vi")
    assert told.challenges == ('Bearer resource_metadata="https://m"',)
    assert json.loads(told.body)["asks"] == []


def test_what_may_be_tried_again_says_when() -> None:
    """An authority that gives no answer hints how long to wait."""
    unavailable = Unavailable("database", reason="not_settled", retry_after_seconds=7)
    told = render_problem(problem_of(unavailable, request_id="r", resource_metadata="m"), "vi")
    assert (told.status, told.headers["Retry-After"]) == (503, "7")
    assert b"database" not in told.body


def test_a_shops_name_is_kiotviets_dialect_for_its_apps_alone() -> None:
    """Beside a bearer token, or where nobody knows yet whose call it is; never beside a bound token."""
    bearer, bound = ({"retailer": ("shop",), "authorization": (f"{word} x",)} for word in ("Bearer", "DPoP"))
    assert find_renderer("kiotviet", bearer) is render_kiotviet
    assert find_renderer("kiotviet", {"retailer": ("",)}) is render_kiotviet
    assert find_renderer("kiotviet", bearer, is_of_dialect=False) is render_problem
    assert find_renderer("kiotviet", bound) is render_problem
    assert find_renderer("kiotviet", {"authorization": ("Bearer x",)}) is render_problem
    assert find_renderer("zalo", {"retailer": ("shop",)}) is render_problem


@pytest.mark.parametrize(
    "platform,names,expected",
    [
        ("zalo", ["access_token"], render_zalo),
        ("zalo", ["access_token", "authorization"], render_problem),
        ("zalosocial", ["access_token"], render_zalo_social),
        ("zalosocial", ["access_token", "authorization"], render_problem),
        ("zalo", [], render_problem),
        ("matrix", ["access_token"], render_matrix),
        ("facebook", ["access_token"], render_problem),
    ],
)
def test_the_dialect_follows_where_the_token_stood(platform: str, names: list[str], expected: object) -> None:
    """The caller is answered as it spoke."""
    assert find_renderer(platform, dict.fromkeys(names, ("",))) is expected
