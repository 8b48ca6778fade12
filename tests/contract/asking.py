"""Steps of the tests on second requests: ask, let the owner see it, answer, redeem."""

from typing import Any

import orjson

from gateway.acts.decide import DURATIONS, STANDING, Answer, Decided, decide
from gateway.acts.open_request import NO_DETAILS, NO_WISHES, Asked, Wishes, open_request
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.show_request import show_request
from gateway.records.requests.sign_in import SignIn
from gateway.records.requests.types import AuthorizationRequest, Prompt
from gateway.terms.ids import AskId
from gateway.terms.resources import Details
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, Scene

WHOLE = Wishes(prompts=(Prompt.CONSENT,))


async def asked(
    scene: Scene, *asks: AskId, wishes: Wishes = NO_WISHES, details: Details = NO_DETAILS
) -> AuthorizationRequest:
    """Let the app ask for these asks, or for all of them; `details` narrow some."""
    names = asks or tuple(ask.id for ask in scene.asks)
    wanted = Asked(scene.app.id, names, REDIRECT_URI, "s", CHALLENGE, wishes=wishes, details=details)
    return await open_request(scene.house, wanted)


async def shown(
    scene: Scene, *asks: AskId, wishes: Wishes = NO_WISHES, details: Details = NO_DETAILS
) -> AuthorizationRequest:
    """Let the app ask, and the owner see it."""
    request = await asked(scene, *asks, wishes=wishes, details=details)
    return await show_request(scene.house, request.id, scene.owner.id, sign_in=now_signed_in(scene))


def now_signed_in(scene: Scene, acr: str | None = None) -> SignIn:
    """Return a sign-in of this moment."""
    return SignIn(scene.clock.now(), acr)


def answer_of(scene: Scene, *agreed: AskId, duration: str = "P30D", **more: Any) -> Answer:
    """Return the owner's answer."""
    signed = more.pop("sign_in", now_signed_in(scene))
    lasts = None if duration == STANDING else DURATIONS[duration]
    given = Answer(scene.owner.id, scene.account.id, frozenset(agreed), lasts, "Chữ (mẫu)", "vi")
    return Answer(**{name: getattr(given, name) for name in Answer.__slots__} | more | {"sign_in": signed})


async def answered(scene: Scene, request: AuthorizationRequest, *agreed: AskId, **more: Any) -> Decided:
    """Let the owner answer a request."""
    return await decide(scene.house, request.id, answer_of(scene, *agreed, **more))


async def tokens_of(scene: Scene, decided: Decided) -> dict[str, Any]:
    """Let the app redeem the code that came of a decision."""
    redemption = Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI)
    answer: dict[str, Any] = orjson.loads(await redeem(scene.house, redemption))
    return answer
