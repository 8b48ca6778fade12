"""Each problem code of the contract, in the dialect spoken; judged by what reached the platform."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from gateway.acts.pause import pause
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.calls.server import build_calls
from gateway.ground.vault.tokens import new_token
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal, Unavailable
from tests.house import API_URL, PUBLIC_URL
from tests.platforms.zalo.stage import (
    DETAIL,
    FOLLOWER,
    MESSAGE,
    PROFILE,
    SEND,
    CallsServer,
    Reply,
    Stage,
    mint_token,
    zalo_stage,
)
from tests.stand_ins.entropy import SeededEntropy

METADATA = f"{API_URL}/.well-known/oauth-protected-resource/zalo"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage on which the app holds every ask."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


def zalo_headers(stage: Stage) -> dict[str, str]:
    """Return the header of the app's own dialect."""
    return {"access_token": stage.app.token}


def owner_of(stage: Stage) -> Actor:
    """Return the owner as an actor."""
    return Actor(ActorKind.PERSON, stage.scene.owner.id)


async def check_refused(stage: Stage, reply: Reply, code: str, *, status: int, arrived: int = 0) -> None:
    """Hold a refusal to its code and status, and to how much reached the platform."""
    assert (reply.code, reply.status) == (code, status), reply.body
    assert len(await stage.arrived()) == arrived
    assert reply.headers["X-Request-ID"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Server" not in reply.headers


async def test_a_granted_call_passes_and_shows_only_what_was_granted(stage: Stage) -> None:
    """The positive control: fields of asks that the app lacks are absent, and counted by declaration."""
    reply = await stage.app.call(DETAIL)
    found = reply.json["data"]
    assert found["display_name"] == FOLLOWER.display_name
    assert FOLLOWER.contact is not None
    assert found["shared_info"] == {"name": FOLLOWER.contact.name, "phone": FOLLOWER.contact.phone}
    assert "is_sensitive" not in found
    assert reply.headers["Quyen-Withheld"] == '12; reasons="scope"'
    (arrival,) = await stage.arrived()
    assert arrival["target"] == DETAIL.removeprefix("/zalo").replace("%20", "")
    assert "Authorization" not in arrival["headers"]
    assert stage.app.token not in str(arrival)


async def test_a_zalo_client_works_by_changing_its_base_url(stage: Stage) -> None:
    """The dialect's header carries our token, and what reaches Zalo is the account's own."""
    reply = await stage.app.call(SEND, "POST", headers=zalo_headers(stage), json=MESSAGE)
    assert (reply.status, reply.json["error"]) == (200, 0)
    (arrival,) = await stage.arrived()
    assert json.loads(arrival["body"]) == MESSAGE
    assert arrival["headers"]["access_token"] != stage.app.token
    assert arrival["headers"]["Content-Type"] == "application/json"


async def test_unknown_routes_and_methods_are_404_before_any_credential(stage: Stage) -> None:
    """A wrong method, another platform and an unlisted path look alike, with or without a token."""
    for method, target in [
        ("GET", "/zalo/v2.0/oa/getfriends"),
        ("DELETE", PROFILE),
        ("POST", PROFILE),
        ("HEAD", PROFILE),
        ("OPTIONS", PROFILE),
        ("GET", "/facebook/v1/me"),
        ("GET", "/"),
        ("GET", "/facebook"),
    ]:
        for headers in ({}, {"Authorization": f"Bearer {stage.app.token}"}):
            reply = await stage.app.call(target, method, headers=headers)
            assert reply.status == 404
    assert await stage.arrived() == []


async def test_an_unknown_route_is_in_the_body_for_zalo(stage: Stage) -> None:
    """Zalo's clients read `error`, not the status."""
    reply = await stage.app.call("/zalo/v2.0/oa/nothing", headers=zalo_headers(stage))
    await check_refused(stage, reply, "unknown_route", status=200)
    assert reply.json["error"] == 404


async def test_no_credential_is_challenged_without_an_error(stage: Stage) -> None:
    """RFC 6750 section 3.1: no error code where no credential was sent; a token in the query counts as none.

    The challenge says what the operation needs and where the metadata stands (220).
    """
    for target in (PROFILE, f"{PROFILE}?access_token={stage.app.token}"):
        reply = await stage.app.call(target, headers={})
        await check_refused(stage, reply, "no_credential", status=401)
        challenge = f'Bearer scope="zalo.profile.read", resource_metadata="{METADATA}"'
        assert reply.headers["WWW-Authenticate"] == challenge


async def test_the_apis_own_identifier_says_where_a_token_comes_from(stage: Stage) -> None:
    """A client may begin with `resource` itself: without a credential it is challenged, with one there is no route."""
    for method in ("GET", "POST"):
        reply = await stage.app.call("/zalo", method, headers={})
        await check_refused(stage, reply, "no_credential", status=401)
        assert reply.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{METADATA}"'
        await check_refused(stage, await stage.app.call("/zalo", method), "unknown_route", status=404)
    strange = await stage.app.call("/zalo", headers={"Authorization": "Bearer x"})
    await check_refused(stage, strange, "invalid_token", status=401)
    assert await stage.arrived() == []


async def test_two_credentials_open_nothing_although_each_would(stage: Stage) -> None:
    """Bearer and dialect header together, and a token in the query beside a header."""
    both = {"Authorization": f"Bearer {stage.app.token}", **zalo_headers(stage)}
    await check_refused(stage, await stage.app.call(PROFILE, headers=both), "two_credentials", status=400)
    beside = await stage.app.call(f"{PROFILE}?access_token={stage.app.token}")
    await check_refused(stage, beside, "two_credentials", status=400)


async def test_unknown_tokens_are_invalid_in_each_dialect(stage: Stage) -> None:
    """A well-formed stranger is told 401, in Zalo's dialect -216."""
    stranger = new_token("qat", SeededEntropy("stranger"))
    reply = await stage.app.call(PROFILE, headers={"Authorization": f"Bearer {stranger}"})
    await check_refused(stage, reply, "invalid_token", status=401)
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    reply = await stage.app.call(PROFILE, headers={"access_token": stranger})
    await check_refused(stage, reply, "invalid_token", status=200)
    assert reply.json["error"] == -216
    assert await stage.list_lines() == []


async def test_an_expired_token_is_invalid(stage: Stage) -> None:
    """After 15 minutes the token opens nothing, and the refusal is traced to its app."""
    stage.scene.clock.advance(15 * 60)
    await check_refused(stage, await stage.app.call(PROFILE), "invalid_token", status=401)
    (line,) = await stage.list_lines()
    assert line.ending is not None
    assert (line.line.app_id, line.ending.outcome, line.ending.reason) == (
        stage.scene.app.id,
        Outcome.REFUSED,
        "invalid_token",
    )


async def test_the_dialect_header_is_for_apps_of_the_dialect(stage: Stage) -> None:
    """An app without a dialect may not send its token in Zalo's header."""
    token, _ = await mint_token(stage.scene, app=stage.scene.public_app)
    passed = await stage.app.call(PROFILE, headers={"Authorization": f"Bearer {token}"})
    assert passed.status == 200
    reply = await stage.app.call(PROFILE, headers={"access_token": token})
    await check_refused(stage, reply, "invalid_token", status=200, arrived=1)


async def test_insufficient_scope_names_the_asks_and_where_to_consent(stage: Stage) -> None:
    """The challenge and the body name the app's own asks, and the consent URL is the issuer's."""
    await withdraw(stage.scene.house, stage.grant_id, owner_of(stage), ask_ids=[AskId("order_send")])
    reply = await stage.app.call(SEND, "POST", json=MESSAGE)
    await check_refused(stage, reply, "insufficient_scope", status=403)
    challenge = reply.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="zalo.message.send"' in challenge
    assert reply.json["asks"] == ["zalo.message.send"]
    consent = urlsplit(reply.json["consent_url"])
    assert f"{consent.scheme}://{consent.netloc}{consent.path}" == f"{PUBLIC_URL}/oauth/authorize"
    assert parse_qs(consent.query) == {"client_id": [stage.scene.app.id], "scope": ["zalo.message.send"]}
    assert f'consent_url="{reply.json["consent_url"]}"' in challenge
    (line,) = await stage.list_lines()
    assert line.line.ask_ids == ("order_send",)
    reply = await stage.app.call(SEND, "POST", headers=zalo_headers(stage), json=MESSAGE)
    await check_refused(stage, reply, "insufficient_scope", status=200)
    assert reply.json["error"] == -223


async def test_a_scope_that_the_app_never_asked_for_has_no_consent_url(stage: Stage) -> None:
    """There is nothing that the person could be asked, and the challenge sends no client to ask them."""
    reply = await stage.app.call("/zalo/v2.0/oa/tag/gettagsofoa")
    await check_refused(stage, reply, "insufficient_scope", status=403)
    assert "consent_url" not in reply.json
    assert (reply.json["asks"], reply.json["note"]) == ([], "no ask that this app registered opens the call")
    assert "error" not in reply.headers["WWW-Authenticate"]


async def test_a_query_key_of_a_closed_scope_is_insufficient_scope(stage: Stage) -> None:
    """Narrowing a list by a tag reads the tag."""
    narrowed = quote(json.dumps({"offset": 0, "count": 5, "tag_name": "Khách quen"}))
    reply = await stage.app.call(f"/zalo/v3.0/oa/user/getlist?data={narrowed}")
    await check_refused(stage, reply, "insufficient_scope", status=403)


async def test_a_paused_permission_is_paused(stage: Stage) -> None:
    """Paused is told apart from never granted."""
    await pause(stage.scene.house, stage.grant_id, owner_of(stage), ask_ids=[AskId("oa_profile")])
    await check_refused(stage, await stage.app.call(PROFILE), "paused", status=403)
    reply = await stage.app.call(PROFILE, headers=zalo_headers(stage))
    await check_refused(stage, reply, "paused", status=200)


async def test_a_suspended_app_is_told_so(stage: Stage) -> None:
    """Zalo's word for it is -219."""
    await suspend_app(stage.scene.house, stage.scene.app.id, Actor.system(), reason="thử (mẫu)")
    await check_refused(stage, await stage.app.call(PROFILE), "app_suspended", status=403)
    reply = await stage.app.call(PROFILE, headers=zalo_headers(stage))
    await check_refused(stage, reply, "app_suspended", status=200)
    assert reply.json["error"] == -219


async def test_a_purpose_narrows_route_and_fields(stage: Stage) -> None:
    """With a purpose only its asks count: `crm` opens the profile, `order` does not, `crm` does not send."""
    bearer = {"Authorization": f"Bearer {stage.app.token}"}
    assert (await stage.app.call(PROFILE, headers=bearer | {"Quyen-Purpose": "crm"})).status == 200
    for purpose in ("order", "nothing", ""):
        reply = await stage.app.call(PROFILE, headers=bearer | {"Quyen-Purpose": purpose})
        await check_refused(stage, reply, "purpose_not_granted", status=403, arrived=1)


@pytest.mark.parametrize(
    "target",
    [
        f"{PROFILE}?x=1",
        f"{PROFILE}?",
        f"{DETAIL}&data=%7B%7D",
        "/zalo/v3.0/oa/user/detail",
        "/zalo/v3.0/oa/user/detail?data=",
        "/zalo/v3.0/oa/user/detail?data=%7B%22user_id%22%3A%221%22%2C%22oa_id%22%3A%222%22%7D",
        "/zalo/v3.0/oa/user/detail?data=%7B%22user_id%22%3A%221%22%2C%22user_id%22%3A%222%22%7D",
        "/zalo/v3.0/oa/user/detail?user_id=1",
    ],
)
async def test_unlisted_or_doubled_query_keys_are_bad_target(stage: Stage, target: str) -> None:
    """Unknown keys, also inside Zalo's `data`; a bare question mark is no query."""
    reply = await stage.app.call(target)
    if target.endswith("getoa?"):
        assert reply.status == 200
        return
    await check_refused(stage, reply, "bad_target", status=400)


BODIES: list[tuple[dict[str, Any], str, int]] = [
    ({"json": MESSAGE | {"extra": 1}}, "bad_body", 400),
    ({"json": {"recipient": {"phone": "84000000001"}, "message": {"text": "x"}}}, "bad_body", 400),
    ({"data": b"{", "type": "application/json"}, "bad_body", 400),
    ({"data": b"[" * 100 + b"]" * 100, "type": "application/json"}, "bad_body", 400),
    ({"data": b'{"a":1,"a":2}', "type": "application/json"}, "bad_body", 400),
    ({"data": "{}".encode("utf-16"), "type": "application/json"}, "bad_body", 400),
    ({"data": b"{}", "type": "text/plain"}, "unsupported_media", 415),
    ({"data": b"{}", "type": "application/json; charset=utf-16"}, "unsupported_media", 415),
    ({"data": b"{}", "type": "application/json", "Content-Encoding": "gzip"}, "unsupported_media", 415),
    ({"data": BytesIO(b" " * ((1 << 20) + 1)), "type": "application/json"}, "too_large", 413),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
async def test_bodies_are_refused_before_anything_is_sent(stage: Stage, number: int) -> None:
    """Unlisted fields, other recipients, malformed, deep, doubled, coded and oversized bodies."""
    options, code, status = BODIES[number]
    headers = {"Authorization": f"Bearer {stage.app.token}"}
    options = dict(options)
    if "type" in options:
        headers |= {"Content-Type": options.pop("type")}
    if "Content-Encoding" in options:
        headers |= {"Content-Encoding": options.pop("Content-Encoding")}
    reply = await stage.app.call(SEND, "POST", headers=headers, skip_auto_headers=["Content-Encoding"], **options)
    await check_refused(stage, reply, code, status=status)
    reply = await stage.app.call(PROFILE, "GET", data=b"{}")
    await check_refused(stage, reply, "bad_body", status=400)


async def test_a_chunked_body_is_bounded_too(stage: Stage) -> None:
    """Without a declared length the count decides."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (1 << 19)

    headers = {"Authorization": f"Bearer {stage.app.token}", "Content-Type": "application/json"}
    reply = await stage.app.call(SEND, "POST", headers=headers, data=endless())
    await check_refused(stage, reply, "too_large", status=413)


async def test_no_authority_no_call(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that gives no answer lets nothing through, and says when to try again."""

    async def silent(*_: object, **__: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(type(stage.scene.house.storage), "point", silent)
    reply = await stage.app.call(PROFILE)
    await check_refused(stage, reply, "no_verdict", status=503)
    assert reply.headers["Retry-After"] == "1"


async def test_a_bug_shows_nothing_of_the_inside(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with a request id; the log says where, and not what was being handled."""
    assert FOLLOWER.contact is not None
    handled = str(FOLLOWER.contact.phone)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(handled)

    monkeypatch.setattr(type(stage.scene.house.storage), "point", broken)
    headers = {"Authorization": f"Bearer {stage.app.token}"}
    with capture_logs() as logs:
        reply = await stage.app.call(PROFILE, headers=headers)
    await check_refused(stage, reply, "internal", status=500)
    (line,) = [each for each in logs if each["event"] == "bug"]
    assert (line["kind"], line["request_id"]) == ("RuntimeError", reply.headers["X-Request-ID"])
    assert line["places"][-1].startswith("broken:")
    assert handled not in str(logs) + reply.body.decode()


@pytest.mark.parametrize("sent", ["0912345678", "my-own.id_1", "a b", "", "x" * 129, "ă"])
async def test_the_trace_keeps_no_word_of_the_apps(stage: Stage, sent: str) -> None:
    """A request id of the app's may be anybody's phone number: the answer and the trace have one of our own."""
    headers = {"Authorization": f"Bearer {stage.app.token}", "X-Request-ID": sent}
    reply = await stage.app.call(PROFILE, headers=headers)
    (line,) = await stage.list_lines()
    assert line.line.request_id == reply.headers["X-Request-ID"]
    assert line.line.request_id.startswith("re_")


async def test_a_query_right_after_the_platform_changes_no_dialect(stage: Stage) -> None:
    """`/zalo?x=1` is Zalo's, and told in Zalo's words, also where the head could not be read."""
    for target in ("/zalo?x=1", "/zalo?", "/zalo?x=/matrix/"):
        reply = await stage.app.call(target, headers=zalo_headers(stage))
        await check_refused(stage, reply, "unknown_route", status=200)
        assert reply.json["error"] == 404
        unread = await stage.app.call(target, headers=[*zalo_headers(stage).items(), ("Accept", "a"), ("Accept", "b")])
        await check_refused(stage, unread, "bad_target", status=200)


async def test_details_come_in_the_callers_language(stage: Stage) -> None:
    """Vietnamese unless the caller prefers English."""
    vietnamese = await stage.app.call(PROFILE, headers={})
    english = await stage.app.call(PROFILE, headers={"Accept-Language": "en-GB,vi;q=0.5"})
    assert (vietnamese.json["detail"], english.json["detail"]) == (
        "Thiếu mã truy cập.",
        "No access token was sent in a header.",
    )
    assert [each.headers["Content-Language"] for each in (vietnamese, english)] == ["vi", "en"]


async def test_a_reason_without_words_is_a_bug_not_a_crash(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Another endpoint of this origin may raise what calls know nothing of."""

    async def foreign(_request: web.Request) -> web.Response:
        raise Refusal("of_another_surface")

    async def missing(_request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    app = build_calls(stage.door)
    app.router.add_get("/healthz", foreign)
    app.router.add_get("/readyz", missing)
    async with CallsServer(app) as bare:
        stage.app.base = str(bare.make_url("")).rstrip("/")
        await check_refused(stage, await stage.app.call("/healthz"), "internal", status=500)
        await check_refused(stage, await stage.app.call("/readyz"), "unknown_route", status=404)
    assert "no words for of_another_surface" in caplog.text


async def test_a_platform_without_a_connector_has_no_routes(stage: Stage) -> None:
    """The catalogue knows Matrix, this gateway is not set up for it."""
    door = replace(stage.door, connectors={})
    async with CallsServer(build_calls(door)) as bare:
        stage.app.base = str(bare.make_url("")).rstrip("/")
        for target in (PROFILE, "/matrix/_matrix/client/v3/joined_rooms"):
            await check_refused(stage, await stage.app.call(target), "unknown_route", status=404)
