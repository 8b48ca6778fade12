"""`/openapi.json` says what there is, and what there is does as it says (published fuzzer: schemathesis)."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
import schemathesis
from sqlalchemy import update

from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.send_notices import send_test
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.endpoints import TABLE
from gateway.doors.oauth.dynamic import DynamicApps
from gateway.doors.oauth.endpoints import endpoints
from gateway.doors.oauth.forms import TokenForm
from gateway.doors.oauth.metadata import ENDPOINTS
from gateway.doors.oauth.token import GRANT_TYPES
from gateway.records.apps.types import GrantType
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox.tables import outbox
from gateway.records.outbox.types import NoticeState
from gateway.server.api_document import describe_surface
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, fresh_parts
from tests.protocol.fuzzing import Found, fuzz
from tests.protocol.limitless import NoLimits
from tests.protocol.wire import Wire, basic, served
from tests.ready import scene_in

OPEN = DynamicApps(may_register=True, scopes={"zalo.profile.read": 1})
FEW, MANY = 3, 300
WHOLE_EACH = 3
NEEDED = {"client_id", "redirect_uri"}
OWN_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type", "resource")


@pytest.fixture(scope="module")
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """Yield the door, served once, open to apps that register themselves."""
    clock, entropy = fresh_parts()
    async with (
        scene_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as scene,
        served(scene, OPEN, limits=NoLimits()) as wire,
    ):
        yield wire


@pytest.fixture
async def document(wire: Wire) -> dict[str, Any]:
    """Return the document, as served."""
    return (await wire.send("GET", "/openapi.json")).json


@dataclass
class Mending:
    """Makes a generated request an app's own, and right where no document can say which value is right."""

    basic: str
    bearer: str
    whole: Mapping[str, Mapping[str, str]]
    values: Mapping[str, Mapping[str, str]]
    paths: Mapping[str, str]
    calls: Counter[str] = field(default_factory=Counter)

    def __call__(self, case: schemathesis.Case[Any]) -> None:
        """Mend a request; what else is wrong with it stays wrong."""
        case.headers["Authorization"] = self.bearer if case.path.startswith("/v1/") else self.basic
        if case.path_parameters:
            case.path_parameters.update(self.paths)
        self.calls[case.path] += 1
        if case.path in self.whole and self.calls[case.path] % WHOLE_EACH == 0:
            case.body = dict(self.whole[case.path])
        values = self.values.get(case.path, {})
        for place in (case.body, case.query):
            if isinstance(place, dict) and values:
                self._mend(place, values)

    @staticmethod
    def _mend(place: dict[str, Any], values: Mapping[str, str]) -> None:
        for name in OWN_FIELDS:
            place.pop(name, None)
        place.update({name: value for name, value in values.items() if name in place or name in NEEDED})


async def mending(wire: Wire) -> Mending:
    """Register an app of every grant, and return what makes requests its own."""
    asks = (("fuzzed_profile", "zalo.profile.read", "crm", False),)
    app, raw_secret = await wire.add_secret_app("fuzzed", asks, grant_types=tuple(GrantType))
    header = basic(app.id, raw_secret)
    own = (await wire.post("/oauth/token", {"grant_type": "client_credentials"}, headers=header)).json["access_token"]
    code = await wire.agree_to(app, ["fuzzed_profile"])
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
    }
    held = (await wire.post("/oauth/token", asked, headers=header)).json["access_token"]
    await set_endpoint(wire.house, app.id, "https://app.example/thong-bao", Actor(ActorKind.APP, app.id))
    await send_test(wire.house, app.id)
    async with wire.house.storage.unit() as unit:
        await unit.connection.execute(update(outbox).values(state=NoticeState.GIVEN_UP.value))
        await unit.commit()
    bearer = {"Authorization": f"Bearer {own}"}
    notices = (await wire.send("GET", "/v1/notices", headers=bearer)).json["notices"]
    right = {"redirect_uri": REDIRECT_URI, "scope": "zalo.profile.read", "code_challenge": CHALLENGE}
    right |= {"max_age": "60", "acr_values": "a", "prompt": "login", "dpop_jkt": CHALLENGE, "state": "s"}
    values = {
        "/oauth/authorize": {**right, "client_id": app.id, "request_uri": ""},
        "/oauth/par": {**right, "client_id": app.id},
        "/oauth/device_authorization": {**right, "client_id": app.id},
        "/oauth/token": {"client_id": app.id, "scope": "quyen.grants.read"},
        "/oauth/introspect": {"client_id": app.id, "token": held},
        "/oauth/revoke": {"client_id": app.id},
        "/oauth/register": {"redirect_uris": [REDIRECT_URI]},
        "/v1/notice-endpoint": {"url": "https://app.example/moi"},
    }
    challenged = {"response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    whole = {
        "/oauth/par": {**challenged, "redirect_uri": REDIRECT_URI},
        "/oauth/token": {"grant_type": "client_credentials"},
        "/oauth/device_authorization": {"scope": "zalo.profile.read"},
    }
    return Mending(header["Authorization"], bearer["Authorization"], whole, values, {"notice": notices[0]["id"]})


async def test_it_describes_every_endpoint_that_is_served(wire: Wire, document: dict[str, Any]) -> None:
    """Every GET and POST of the OAuth door, and every row of an app's own affairs, stands in it; nothing else does."""
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    oauth = {(each.method, each.path) for each in endpoints(wire.door) if each.method in {"GET", "POST"}}
    assert described == oauth | {(method, path) for method, path, _, _ in TABLE}
    assert {path for _, path in described} >= set(ENDPOINTS)
    assert document["openapi"].startswith("3.1.")


async def test_what_is_not_served_is_not_described(wire: Wire) -> None:
    """Where nobody may register, there is no registration in it."""
    async with served(wire.scene) as closed:
        paths = (await closed.send("GET", "/openapi.json")).json["paths"]
    assert "/oauth/register" not in paths
    assert "/oauth/token" in paths


async def test_every_grant_type_has_its_form() -> None:
    """The token endpoint's forms are those of the grant types that it knows."""
    forms = get_args(TokenForm.model_fields["root"].annotation)
    schemas = [form.model_json_schema()["properties"]["grant_type"] for form in forms]
    assert {schema["const"] for schema in schemas} == set(GRANT_TYPES)


async def test_each_own_affair_names_the_scope_that_opens_it(document: dict[str, Any]) -> None:
    """The scopes stand in the document as the table of the door has them, and each is one that tokens have."""
    said = {(m.upper(), path): each["security"] for path, item in document["paths"].items() for m, each in item.items()}
    assert {row: said[row] for row in said if row[1].startswith("/v1/")} == {
        (method, path): [{"own_token": [scope]}] for method, path, scope, _ in TABLE
    }
    flow = document["components"]["securitySchemes"]["own_token"]["flows"]["clientCredentials"]
    assert {scope for _, _, scope, _ in TABLE} <= set(flow["scopes"])


async def test_every_origin_may_read_it(wire: Wire) -> None:
    """It names nobody: a page of any origin may show it."""
    assert (await wire.send("GET", "/openapi.json")).headers["Access-Control-Allow-Origin"] == "*"
    assert (await wire.send("POST", "/openapi.json")).status == 405


async def test_an_operation_that_nobody_described_is_a_bug(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new endpoint without its description stops the gateway at its start."""
    management = ManagementDoor(wire.house, wire.door.limits, wire.door.proofs, wire.door.issuer)
    monkeypatch.setattr("gateway.doors.management.openapi.TABLE", [*TABLE, ("GET", "/v1/new", TABLE[0][2], None)])
    with pytest.raises(KeyError, match=re.escape("/v1/new")):
        describe_surface(wire.door, management)


async def test_an_address_that_cannot_be_is_a_problem_too(wire: Wire) -> None:
    """No id holds a NUL; `/v1` says so as it says everything (found by the fuzzer)."""
    for path in ("/v1/notices/%00/replay", "/v1/%00"):
        reply = await wire.send("POST", path)
        assert (reply.status, reply.headers["Content-Type"]) == (404, "application/problem+json")


async def test_a_stranger_gets_what_is_described(document: dict[str, Any]) -> None:
    """Every parameter at and beyond its bounds: no 5xx, and each answer as the document has it."""
    found = await fuzz(document, examples=FEW, phases=("coverage",))
    assert found.wrong == []
    assert found.statuses("POST /oauth/token") >= {400, 401}


async def test_an_app_gets_what_is_described(wire: Wire, document: dict[str, Any]) -> None:
    """Random requests of an app: the answers that only an app gets are held against the document too."""
    found = await fuzz(document, examples=3 * FEW, phases=("fuzzing",), mend=await mending(wire))
    assert found.wrong == []
    check_reached(document, found)


@pytest.mark.long
async def test_many_requests(wire: Wire, document: dict[str, Any]) -> None:
    """Both at length."""
    stranger = await fuzz(document, examples=MANY)
    app = await fuzz(document, examples=MANY, mend=await mending(wire))
    assert stranger.wrong + app.wrong == []
    check_reached(document, app)


def check_reached(document: Mapping[str, Any], found: Found) -> None:
    """See that each operation succeeded at least once: a run of refusals would prove little."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            good = {int(status) for status in operation["responses"] if status < "400"}
            label = f"{method.upper()} {path}"
            assert found.statuses(label) & good, (label, found.statuses(label))
