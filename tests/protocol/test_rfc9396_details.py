"""Rich authorization requests (RFC 9396): an ask for certain resources, here rooms, from the request to the token."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.acts.decide import DURATIONS, Answer, Decided, decide
from gateway.acts.make_credential import NewCredential, make_credential
from gateway.acts.show_request import show_request
from gateway.doors.oauth.dynamic import DynamicApps
from gateway.records.accounts.types import Account
from gateway.records.apps.types import App, GrantType
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, link_account
from tests.protocol.wire import Reply, Wire, basic, served

TOM, TRA = "!tom:localhost", "!tra:localhost"
USER = "@tiem-mau:localhost"
ASKS = (
    ("rooms", "matrix.room.read", "chat", False),
    ("read", "matrix.message.read", "chat", False),
    ("me", "matrix.profile.read", "chat", False),
    ("oa", "zalo.profile.read", "crm", False),
)
GRANTS = (GrantType.CODE, GrantType.REFRESH, GrantType.CLIENT, GrantType.DEVICE)
TYPED = {"Content-Type": "application/json"}
BAD_DETAILS = "invalid_authorization_details"
Details = list[dict[str, Any]]


def detail(ask: str = "read", *rooms: str, **more: Any) -> dict[str, Any]:
    """Return one object about an ask, narrowed to some rooms."""
    return {"type": "quyen_ask", "ask": ask, **({"resources": list(rooms)} if rooms else {}), **more}


@dataclass(frozen=True, slots=True)
class Chat:
    """An app with asks on Matrix, and the account that the owner may decide for."""

    wire: Wire
    app: App
    raw_secret: str
    account: Account

    @property
    def basic(self) -> dict[str, str]:
        """The app's credentials."""
        return basic(self.app.id, self.raw_secret)

    async def authorize(self, details: Details | str, **changes: str | None) -> Reply:
        """Send an authorization request with these details."""
        raw = details if isinstance(details, str) else json.dumps(details)
        asked = {"client_id": self.app.id, "scope": None, "authorization_details": raw, **changes}
        return await self.wire.authorize(asked)

    async def decide_on(self, opened: Reply, *asks: str, account: Account | None = None) -> Decided:
        """Let the owner see the request, and agree to these asks or to all."""
        request = await self.wire.find_request(opened)
        scene = self.wire.scene
        await show_request(scene.house, request.id, scene.owner.id)
        agreed = frozenset(AskId(each) for each in asks) or frozenset(request.ask_ids)
        chosen = (account or self.account).id
        answer = Answer(scene.owner.id, chosen, agreed, DURATIONS["P30D"], "Chữ (mẫu)", "vi")
        return await decide(scene.house, request.id, answer)

    async def code_for(self, *details: dict[str, Any], **changes: str | None) -> str:
        """Let the owner agree to all that these details ask; return the code."""
        decided = await self.decide_on(await self.authorize(list(details), **changes))
        return str(decided.raw_code)

    async def ask_token(self, fields: Mapping[str, str | None], details: Details | None = None) -> Reply:
        """Ask the token endpoint, for less if details are given."""
        sent = {name: value for name, value in fields.items() if value is not None}
        if details is not None:
            sent["authorization_details"] = json.dumps(details)
        return await self.wire.post("/oauth/token", sent, headers=self.basic)

    async def redeem(self, raw_code: str, details: Details | None = None) -> Reply:
        """Redeem a code."""
        fields = {"grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER}
        return await self.ask_token(fields, details)

    async def refresh(self, raw_token: str, details: Details | None = None, scope: str | None = None) -> Reply:
        """Refresh."""
        return await self.ask_token(
            {"grant_type": "refresh_token", "refresh_token": raw_token, "scope": scope}, details
        )

    async def introspect(self, raw_token: str) -> dict[str, Any]:
        """Introspect a token as the app itself."""
        return (await self.wire.post("/oauth/introspect", {"token": raw_token}, headers=self.basic)).json


@pytest.fixture
async def chat(wire: Wire) -> Chat:
    """Return the app and its account."""
    app, raw_secret = await wire.add_secret_app("phong", ASKS, grant_types=GRANTS)
    account = await link_account(wire.house, wire.scene.owner.id, external_id=USER, platform="matrix")
    return Chat(wire, app, raw_secret, account)


def reach(answer: Mapping[str, Any]) -> dict[str, list[str] | None]:
    """Return what an answer's details say: each ask with its resources, None for all."""
    return {each["ask"]: each.get("resources") for each in answer["authorization_details"]}


WRONG: dict[str, Any] = {
    "no JSON": "[{",
    "no array": detail(),
    "empty": [],
    "no object": ["quyen_ask"],
    "a key twice": '[{"type":"quyen_ask","ask":"read","ask":"rooms"}]',
    "unknown type": [detail() | {"type": "payment_initiation"}],
    "no type": [{"ask": "read"}],
    "no ask": [{"type": "quyen_ask"}],
    "extra field": [detail() | {"actions": ["read"]}],
    "null": [detail() | {"account": None}],
    "ask of another kind": [detail() | {"ask": 5}],
    "unknown ask": [detail("nothing")],
    "another scope": [detail() | {"scope": "matrix.room.read"}],
    "another purpose": [detail() | {"purpose": "advertising"}],
    "the same ask twice": [detail("read", TOM), detail("read", TRA)],
    "two accounts": [detail("read", account=USER), detail("rooms", account="@khac:localhost")],
    "a NUL in an account": [detail("read", account="\0")],
    "an account over two lines": [detail("read", account=f"{USER}\n")],
    "two platforms": [detail("read"), detail("oa")],
    "no resources": [detail() | {"resources": []}],
    "resources in no list": [detail() | {"resources": TOM}],
    "a room twice": [detail("read", TOM, TOM)],
    "an alias": [detail("read", "#tom:localhost")],
    "a user": [detail("read", USER)],
    "a room and a space": [detail("read", f"{TOM} {TRA}")],
    "a scope without rooms": [detail("me", TOM)],
    "too many rooms": [detail("read", *(f"!{number}:localhost" for number in range(21)))],
    "too many objects": [detail(f"ask{number}") for number in range(51)],
}


@pytest.mark.parametrize("name", WRONG)
async def test_req_122_what_does_not_hold_is_refused(chat: Chat, name: str) -> None:
    """At authorize, PAR, the device endpoint and the token endpoint alike; nothing is opened, nothing spent."""
    raw = WRONG[name] if isinstance(WRONG[name], str) else json.dumps(WRONG[name])
    assert (await chat.authorize(raw)).query["error"] == BAD_DETAILS
    request = {"response_type": "code", "redirect_uri": REDIRECT_URI, "authorization_details": raw}
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    pushed = await chat.wire.post("/oauth/par", {**request, **pkce}, headers=chat.basic)
    assert pushed.error == (400, BAD_DETAILS)
    device = {"authorization_details": raw}
    assert (await chat.wire.post("/oauth/device_authorization", device, headers=chat.basic)).error[1] == BAD_DETAILS
    refused = await chat.ask_token({"grant_type": "refresh_token", "refresh_token": "x", "authorization_details": raw})
    assert refused.error == (400, BAD_DETAILS)


async def test_req_122_nothing_sent_is_repeated(chat: Chat) -> None:
    """The description names our own members alone."""
    reply = await chat.authorize([detail() | {"<script>": 1}])
    assert "an unknown member" in reply.query["error_description"]
    assert "script" not in reply.query["error_description"]
    reply = await chat.authorize([detail() | {"resources": [5]}])
    assert reply.query["error_description"].endswith("resources")


async def test_details_alone_name_the_asks(chat: Chat) -> None:
    """Those and no others; an ask without resources is the whole of it."""
    request = await chat.wire.find_request(await chat.authorize([detail("read", TRA, TOM), detail("me")]))
    assert request.ask_ids == ("read", "me")
    assert request.resources == {"read": frozenset({TOM, TRA})}
    assert request.account_named is None


async def test_scope_and_details_agree(chat: Chat) -> None:
    """Scope names the asks, details say more of some; an ask that scope does not name is refused."""
    both = await chat.authorize([detail("read", TOM)], scope="matrix.message.read matrix.room.read")
    request = await chat.wire.find_request(both)
    assert request.ask_ids == ("rooms", "read")
    assert request.resources == {"read": frozenset({TOM})}
    beside = await chat.authorize([detail("read", TOM)], scope="matrix.room.read")
    assert beside.query["error"] == BAD_DETAILS


async def test_details_and_resource_agree(chat: Chat) -> None:
    """The API that `resource` names is that of the asks (RFC 8707)."""
    other = await chat.authorize([detail("read", TOM)], resource="http://127.0.0.1:8401/zalo")
    assert other.query["error"] == "invalid_target"
    own = await chat.authorize([detail("read", TOM)], resource="http://127.0.0.1:8401/matrix")
    assert own.location.startswith("/consent/")


async def test_by_par_and_by_device(chat: Chat) -> None:
    """What was pushed, and what a device asks, is narrowed as in the query."""
    raw = json.dumps([detail("read", TOM)])
    request = {"response_type": "code", "redirect_uri": REDIRECT_URI, "authorization_details": raw}
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    pushed = await chat.wire.post("/oauth/par", {**request, **pkce}, headers=chat.basic)
    asked = {"client_id": chat.app.id, "request_uri": pushed.json["request_uri"]}
    opened = await chat.wire.authorize({name: asked.get(name) for name in (*chat.wire.right_request(), *asked)})
    assert (await chat.wire.find_request(opened)).resources == {"read": frozenset({TOM})}
    device = await chat.wire.post("/oauth/device_authorization", {"authorization_details": raw}, headers=chat.basic)
    assert device.status == 200


async def test_req_123_the_answer_says_what_was_granted(chat: Chat) -> None:
    """With the resources, in the same form in which it may be asked."""
    asked = detail("read", TRA, TOM)
    decided = await chat.decide_on(await chat.authorize([asked, detail("rooms", TOM)]), "read")
    answer = (await chat.redeem(str(decided.raw_code))).json
    assert answer["authorization_details"] == [
        {
            "type": "quyen_ask",
            "ask": "read",
            "scope": "matrix.message.read",
            "purpose": "chat",
            "account": USER,
            "resources": [TOM, TRA],
        }
    ]
    again = await chat.refresh(answer["refresh_token"], answer["authorization_details"])
    assert again.json["authorization_details"] == answer["authorization_details"]


async def test_req_124_128_a_code_for_less_and_a_refresh_for_all(chat: Chat) -> None:
    """Less is for this once: a refresh without details gives what was granted."""
    raw_code = await chat.code_for(detail("read", TOM, TRA), detail("rooms"))
    first = (await chat.redeem(raw_code, [detail("read", TOM)])).json
    assert reach(first) == {"read": [TOM]}
    assert reach(await chat.introspect(first["access_token"])) == {"read": [TOM]}
    second = (await chat.refresh(first["refresh_token"])).json
    assert reach(second) == {"rooms": None, "read": [TOM, TRA]}
    third = (await chat.refresh(second["refresh_token"], [detail("read", TRA)], scope="matrix.message.read")).json
    assert reach(third) == {"read": [TRA]}
    both = (await chat.refresh(third["refresh_token"], [detail("rooms", TOM)], scope=None)).json
    assert reach(both) == {"rooms": [TOM]}


async def test_req_124_scope_beside_details_keeps_the_rest(chat: Chat) -> None:
    """What scope names and the details do not is given whole; what scope does not name is no detail."""
    tokens = (await chat.redeem(await chat.code_for(detail("read", TOM, TRA), detail("rooms")))).json
    scope = "matrix.message.read matrix.room.read"
    less = (await chat.refresh(tokens["refresh_token"], [detail("read", TOM)], scope=scope)).json
    assert reach(less) == {"rooms": None, "read": [TOM]}
    outside = await chat.refresh(less["refresh_token"], [detail("read", TOM)], scope="matrix.room.read")
    assert outside.error == (400, BAD_DETAILS)


@pytest.mark.parametrize(
    "details",
    [
        [detail("read", TOM, TRA)],
        [detail("read", TRA)],
        [detail("read")],
        [detail("rooms", TOM)],
        [detail("read", TOM), detail("me")],
        [detail("read", TOM, account="@khac:localhost")],
    ],
    ids=["wider", "other room", "all rooms", "other ask", "one ask more", "other account"],
)
async def test_req_124_never_more(chat: Chat, details: Details) -> None:
    """Code and refresh token are not spent by asking for more."""
    raw_code = await chat.code_for(detail("read", TOM))
    assert (await chat.redeem(raw_code, details)).error == (400, BAD_DETAILS)
    tokens = (await chat.redeem(raw_code, [detail("read", TOM, account=USER)])).json
    assert (await chat.refresh(tokens["refresh_token"], details)).error == (400, BAD_DETAILS)
    assert reach((await chat.refresh(tokens["refresh_token"])).json) == {"read": [TOM]}


async def test_req_124_a_refresh_token_knows_no_less_than_its_family(chat: Chat) -> None:
    """A narrower request of what stands for more rooms opens a family of its own, for those rooms."""
    wide = (await chat.redeem(await chat.code_for(detail("read", TOM, TRA)))).json
    chat.wire.scene.clock.advance(60)
    narrow = (await chat.redeem(await chat.code_for(detail("read", TOM)))).json
    assert reach(narrow) == {"read": [TOM]}
    assert (await chat.refresh(narrow["refresh_token"], [detail("read", TRA)])).error == (400, BAD_DETAILS)
    assert reach((await chat.refresh(narrow["refresh_token"])).json) == {"read": [TOM]}
    assert reach((await chat.refresh(wide["refresh_token"])).json) == {"read": [TOM, TRA]}


async def test_req_087_125_introspection_says_the_details(chat: Chat) -> None:
    """Of an access token and of a refresh token, as granted."""
    tokens = (await chat.redeem(await chat.code_for(detail("read", TOM)))).json
    for name in ("access_token", "refresh_token"):
        assert (await chat.introspect(tokens[name]))["authorization_details"] == tokens["authorization_details"]


async def test_req_126_metadata_names_the_types(chat: Chat) -> None:
    """Of the server and of each platform's API; not of what apps manage themselves by."""
    server = (await chat.wire.send("GET", "/.well-known/oauth-authorization-server")).json
    matrix = (await chat.wire.send("GET", "/.well-known/oauth-protected-resource/matrix")).json
    assert server["authorization_details_types_supported"] == ["quyen_ask"]
    assert matrix["authorization_details_types_supported"] == ["quyen_ask"]


async def test_req_126_a_registered_list_is_kept_to(chat: Chat) -> None:
    """An app that registered types uses no others; one that did not say may use any."""
    app = await chat.wire.add_app("kieu", ASKS, details_types=("quyen_ask",))
    assert (await chat.authorize([detail("read", TOM)], client_id=app.id)).location.startswith("/consent/")
    app = await chat.wire.add_app("khong-kieu", ASKS, details_types=())
    assert (await chat.authorize([detail("read", TOM)], client_id=app.id)).query["error"] == BAD_DETAILS


async def test_the_account_named_is_the_one_decided_for(chat: Chat) -> None:
    """Another account of the same person is refused, and the token is for the one named."""
    other = await link_account(
        chat.wire.house, chat.wire.scene.owner.id, external_id="@khac:localhost", platform="matrix"
    )
    opened = await chat.authorize([detail("read", TOM, account=USER), detail("rooms", account=USER)])
    with pytest.raises(Refusal, match="account_required"):
        await chat.decide_on(opened, account=other)
    decided = await chat.decide_on(opened)
    details = (await chat.redeem(str(decided.raw_code))).json["authorization_details"]
    assert {each["account"] for each in details} == {USER}


async def test_a_credential_may_ask_for_less(chat: Chat) -> None:
    """A grant-bound credential reaches the rooms of its grant, and may name fewer, never more."""
    decided = await chat.decide_on(await chat.authorize([detail("read", TOM, TRA), detail("rooms")]))
    wanted = NewCredential(GrantId(str(decided.grant_id)), chat.wire.scene.owner.id, "Máy in (mẫu)")
    made = await make_credential(chat.wire.house, wanted)
    who = basic(made.credential.id, made.raw_secret)

    async def exchange(details: Details | None, **more: str) -> Reply:
        sent = {"grant_type": "client_credentials", **more}
        sent |= {} if details is None else {"authorization_details": json.dumps(details)}
        return await chat.wire.post("/oauth/token", sent, headers=who)

    assert reach((await exchange(None)).json) == {"rooms": None, "read": [TOM, TRA]}
    assert reach((await exchange([detail("read", TOM)])).json) == {"read": [TOM]}
    scope = "matrix.message.read matrix.room.read"
    assert reach((await exchange([detail("read", TOM)], scope=scope)).json) == {"rooms": None, "read": [TOM]}
    assert (await exchange([detail("read", "!la:localhost")])).error == (400, BAD_DETAILS)
    assert (await exchange([detail("read", TOM)], scope="matrix.room.read")).error == (400, BAD_DETAILS)


async def test_there_are_none_for_an_app_s_own_affairs(chat: Chat) -> None:
    """A token for those opens no account's data, so nothing of an account narrows it."""
    fields = {"grant_type": "client_credentials"}
    assert (await chat.ask_token(fields, [detail("read", TOM)])).error == (400, BAD_DETAILS)
    assert (await chat.ask_token(fields)).status == 200


async def test_req_126_a_dynamic_app_registers_types(chat: Chat) -> None:
    """What is not supported is left out of the answer (136); an empty list is none, and is kept to."""
    dynamic = DynamicApps(may_register=True, scopes={"matrix.profile.read": 1})
    async with served(chat.wire.scene, dynamic) as wire:

        async def register(*types: str) -> dict[str, Any]:
            said = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
            body = json.dumps({**said, "scope": "matrix.profile.read", "authorization_details_types": types})
            reply = await wire.send("POST", "/oauth/register", body=body.encode(), headers=TYPED)
            assert reply.status == 201
            return reply.json

        known, none = await register("quyen_ask", "payment_initiation"), await register("payment_initiation")
        assert known["authorization_details_types"] == ["quyen_ask"]
        assert none["authorization_details_types"] == []
        for said, reason in ((known, "an ask is named that the app did not register"), (none, "registered not to use")):
            asked = {"client_id": said["client_id"], "scope": None, "authorization_details": json.dumps([detail()])}
            reply = await wire.authorize(asked)
            assert (reply.status, BAD_DETAILS in reply.body.decode()) == (400, True)
            assert reason in reply.body.decode()
