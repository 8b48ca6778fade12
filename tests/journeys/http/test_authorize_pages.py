"""What a person sees where an app's request leads nowhere: a page in the frame that every other has."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from gateway.acts.register import register_app
from gateway.doors import Porter, Visitor
from gateway.records.ledger.types import Actor
from gateway.terms.refusal import Unavailable
from tests.house import CHALLENGE, REDIRECT_URI, app_of
from tests.journeys.http.consoles_origin import Consoles

RIGHT = {
    "response_type": "code",
    "redirect_uri": REDIRECT_URI,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def asking(client_id: str, **changes: str) -> str:
    """Return the address of an authorization request."""
    return f"/oauth/authorize?{urlencode({**RIGHT, 'client_id': client_id, **changes})}"


async def test_who_is_signed_in_stays_so_where_a_request_is_refused(
    consoles: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever page refuses it, its head says who is there; where nobody can be asked for that, the page stands."""
    scene = consoles.scene
    unreviewed = replace(
        app_of("Chưa soát (mẫu)", "chua-soat", is_confidential=False, clock=scene.clock), reviewed_at=None
    )
    await register_app(scene.house, unreviewed, [], Actor.system())
    paths = (
        asking("app_unknown"),
        asking(unreviewed.id, scope="zalo.nothing"),
        asking(scene.app.id, redirect_uri="x:y"),
    )
    async with consoles.signed_in(scene.owner) as owner, consoles.signed_in(None) as stranger:
        for path in paths:
            known, unknown = await owner.get(path), await stranger.get(path)
            assert (known.status, unknown.status) == (400, 400)
            assert (scene.owner.name in known.words, "Đăng xuất" in known.words, "Đăng nhập" in known.words) == (
                True,
                True,
                False,
            )
            assert (scene.owner.name in unknown.words, "Đăng nhập" in unknown.words) == (False, True)
        wrong_method = await owner.post("/oauth/authorize", {})
        assert (wrong_method.status, scene.owner.name in wrong_method.words) == (405, True)

        async def silent(_porter: Porter, _request: object) -> Visitor | None:
            raise Unavailable("database")

        monkeypatch.setattr(Porter, "find_visitor", silent)
        assert (await owner.get(paths[0])).status == 400
