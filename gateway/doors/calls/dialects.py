"""How a refusal is told in the dialect that the caller spoke.

RFC 9457 problem+json with RFC 6750 challenges by default; Matrix clients get `errcode` and `error` beside it; a token
that stood in Zalo's own header gets Zalo's own JSON, which is HTTP 200 whatever happened; an app of KiotViet's dialect
that named its shop beside the token gets KiotViet's `responseStatus`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from gateway.authority.proofs import ALGORITHMS
from gateway.doors.calls.head import Head
from gateway.doors.calls.problems import PROBLEMS, Problem
from gateway.doors.calls.schemes import Scheme, find_scheme
from gateway.records.apps.dialects import DIALECTS, find_dialect

_CHALLENGED = frozenset(
    {
        "no_credential",
        "invalid_token",
        "insufficient_scope",
        "insufficient_user_authentication",
        "invalid_dpop_proof",
        "use_dpop_nonce",
    }
)
_SHOWN_FACTS = ("asks", "consent_url", "purposes", "outcome", "max_age")
_ZALO_MESSAGES: Mapping[int, str] = {
    -32: "Your application reached limit call api",
    -200: "Request failed",
    -201: "Request is invalid!",
    -209: "Not supported this api",
    -216: "Access token is invalid",
    -219: "App is removed or disabled",
    -223: "Official Account has not authorized this API",
    404: "You are accessing an empty or invalid API",
}
_SOCIAL: Mapping[int, tuple[int, str]] = {
    -216: (452, "Session key invalid"),
    -223: (210, "User not visible"),
}
"""Where Zalo's Social API has a code of its own that is known (facts A8); the others stand as the OA's."""
_KIOTVIET_WORDS: Mapping[str, tuple[int, str]] = {"bad_body": (420, "KvValidateException")}
"""Where KiotViet tells otherwise than by our status and word (facts B2): all that is known of its validation."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of our own, ready to be written; each challenge is a `WWW-Authenticate` of its own."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    challenges: Sequence[str] = ()


Renderer = Callable[[Problem, str], Told]


def find_renderer(platform: str, headers: Mapping[str, tuple[str, ...]], *, is_of_dialect: bool = True) -> Renderer:
    """Find the dialect that the caller spoke, by its headers.

    `is_of_dialect`: the app is registered for the platform's, as far as is known. Only there does a shop's name beside
    an ordinary bearer token mean a client of KiotViet's; a token in Zalo's own header says it alone.
    """
    dialect = find_dialect(platform)
    spoken = DIALECTS[dialect] if dialect else None
    if spoken is not None and spoken.header in headers:
        if not spoken.holds_token:
            is_bound = find_scheme(headers.get("authorization", ())) is Scheme.DPOP
            return render_kiotviet if is_of_dialect and not is_bound else render_problem
        if "authorization" not in headers:
            return render_zalo if platform == dialect else render_zalo_social
    return render_matrix if platform == "matrix" else render_problem


def status_of(code: str, render: Renderer) -> int:
    """Return the HTTP status with which a reason is told in a dialect; 0 where it has no words."""
    return render(Problem(code, "", ""), "vi").status if code in PROBLEMS else 0


def find_language(head: Head | None) -> str:
    """Return `en` where the caller prefers it, else `vi`."""
    wanted = None if head is None else head.find("accept-language")
    return "en" if wanted is not None and wanted.lower().startswith("en") else "vi"


def render_problem(problem: Problem, language: str) -> Told:
    """Render problem+json, with the challenge that RFC 6750 wants where a token is the matter."""
    return _told(problem, _members(problem, language), language)


def render_matrix(problem: Problem, language: str) -> Told:
    """Render problem+json that a Matrix client understands too."""
    members = _members(problem, language)
    members |= {"errcode": problem.row.matrix, "error": members["detail"]}
    if problem.retry_after_seconds is not None:
        members["retry_after_ms"] = problem.retry_after_seconds * 1000
    return _told(problem, members, language)


def render_zalo(problem: Problem, language: str) -> Told:  # noqa: ARG001 - Zalo speaks one language
    """Render Zalo's envelope; our own code stands in a header, since Zalo's table has no finer words.

    Why a route is denied stands in the message: whoever meets that is to change the program, and reads on.
    """
    code = problem.row.zalo
    return _told_by_zalo(problem, code, _ZALO_MESSAGES[code])


def render_zalo_social(problem: Problem, language: str) -> Told:  # noqa: ARG001 - Zalo speaks one language
    """Render the same in the Social API's codes, where it has one."""
    code = problem.row.zalo
    return _told_by_zalo(problem, *_SOCIAL.get(code, (code, _ZALO_MESSAGES[code])))


def _told_by_zalo(problem: Problem, code: int, message: str) -> Told:
    why = f": {problem.note}" if problem.code == "denied_route" else ""
    headers = {"Content-Type": "application/json;charset=utf-8", "Quyen-Error": problem.code, **_hints(problem)}
    return Told(HTTPStatus.OK, headers, orjson.dumps({"error": code, "message": message + why}))


def render_kiotviet(problem: Problem, language: str) -> Told:
    """Render KiotViet's `responseStatus`; its own word stands where the facts know one, else ours does.

    Its clients read the HTTP status and `message`. What is said in English alone, for whoever mends the call, is an
    entry of `errors`.
    """
    status, word = _KIOTVIET_WORDS.get(problem.code, (problem.row.status, problem.code))
    message = problem.row.en if language == "en" else problem.row.vi
    errors = [{"message": problem.note}] if problem.note else []
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Language": language}
    headers |= {"Quyen-Error": problem.code, **_hints(problem)}
    body = orjson.dumps({"responseStatus": {"errorCode": word, "message": message, "errors": errors}})
    return Told(status, headers, body, _find_challenges(problem))


def _members(problem: Problem, language: str) -> dict[str, object]:
    """List what a problem says; `detail` is for people, `note` in English for whoever mends the call."""
    members: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.row.status).phrase,
        "status": problem.row.status,
        "code": problem.code,
        "detail": problem.row.en if language == "en" else problem.row.vi,
        "request_id": problem.request_id,
    }
    if problem.note:
        members["note"] = problem.note
    return members | {name: problem.facts[name] for name in _SHOWN_FACTS if name in problem.facts}


def _told(problem: Problem, members: Mapping[str, object], language: str) -> Told:
    headers = {"Content-Type": "application/problem+json", "Content-Language": language, **_hints(problem)}
    return Told(problem.row.status, headers, orjson.dumps(members), _find_challenges(problem))


def _find_challenges(problem: Problem) -> Sequence[str]:
    return tuple(_challenges(problem)) if problem.code in _CHALLENGED else ()


def _hints(problem: Problem) -> dict[str, str]:
    hints: dict[str, str] = {**problem.facts.get("rate_limit", {})}
    if problem.retry_after_seconds is not None:
        hints["Retry-After"] = str(problem.retry_after_seconds)
    if "outcome" in problem.facts:
        hints["Quyen-Outcome"] = str(problem.facts["outcome"])
    if "dpop_nonce" in problem.facts:
        hints["DPoP-Nonce"] = str(problem.facts["dpop_nonce"])
    return hints


def _challenges(problem: Problem) -> Iterator[str]:
    """Challenge in the scheme that the caller used (RFC 6750, RFC 9449 section 7.1); in both where it used none.

    Where no ask of the app would open the call (`asks` is there and empty) no error stands there: by that word clients
    send the person to a screen, for all that the metadata lists, and the call is refused as before.
    """
    fields: dict[str, str] = {}
    asks = problem.facts.get("asks")
    if problem.code != "no_credential" and asks != []:
        fields |= {"error": problem.code, "error_description": problem.row.en}
    if asks:
        fields["scope"] = " ".join(asks)
    if "consent_url" in problem.facts:
        fields["consent_url"] = problem.facts["consent_url"]
    if "max_age" in problem.facts:
        fields["max_age"] = str(problem.facts["max_age"])
    fields["resource_metadata"] = problem.resource_metadata
    if problem.scheme is not Scheme.DPOP:
        yield _challenge(Scheme.BEARER, fields)
    if problem.scheme is not Scheme.BEARER:
        yield _challenge(Scheme.DPOP, {**fields, "algs": " ".join(ALGORITHMS)})


def _challenge(scheme: Scheme, fields: Mapping[str, str]) -> str:
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in fields.items())
