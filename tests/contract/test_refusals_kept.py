"""Refusals are remembered (R17), an account is chosen before the screen is drawn, and an app may want a sign-in."""

from datetime import timedelta

import pytest

from gateway.acts.choose_account import choose_account
from gateway.acts.decide import decide
from gateway.acts.give_up import give_up
from gateway.acts.look_again import look_again
from gateway.acts.open_request import Wishes, reconsider
from gateway.acts.show_request import show_request
from gateway.records.grants.difference import list_refused
from gateway.records.people.types import PASSWORD_ACR
from gateway.records.requests import store as requests
from gateway.records.requests.sign_in import SignIn
from gateway.records.requests.types import AuthorizationRequest, Prompt
from gateway.terms.ids import AskId, PersonId
from gateway.terms.refusal import Refusal
from tests.contract.asking import answer_of, answered, asked, now_signed_in, shown, tokens_of
from tests.contract.steps import CHAT, NAME, PHONE, PROFILE, find_facts, get_grant
from tests.house import Scene, agree, link_account

LOGIN = Wishes(prompts=(Prompt.LOGIN,))
MONTH = timedelta(days=30)


async def list_unlinked(scene: Scene, person_id: PersonId | None = None) -> set[AskId]:
    """Name what a person refused wholly within a month."""
    since = scene.clock.now() - MONTH
    async with scene.house.storage.read() as connection:
        return set(await requests.list_refused(connection, person_id or scene.owner.id, scene.app.id, since))


async def find(scene: Scene, request: AuthorizationRequest) -> AuthorizationRequest:
    """Read a request."""
    async with scene.house.storage.read() as connection:
        found = await requests.find(connection, request.id)
    assert found is not None
    return found


async def test_a_whole_refusal_is_remembered_without_an_account(scene: Scene) -> None:
    """Someone with nothing linked who says no has refused these asks of this app, for a month."""
    request = await asked(scene, NAME, PHONE)
    await show_request(scene.house, request.id, scene.other_owner.id)
    given = answer_of(scene, person_id=scene.other_owner.id, account_id=None)
    await decide(scene.house, request.id, given)
    assert await list_unlinked(scene, scene.other_owner.id) == {NAME, PHONE}
    assert await list_unlinked(scene) == set()
    scene.clock.advance(MONTH)
    assert await list_unlinked(scene, scene.other_owner.id) == set()


async def test_only_what_gave_nothing_is_a_whole_refusal(scene: Scene) -> None:
    """A part that was left open is told by the grant's own row; looking again from the list is no request of an app."""
    decided = await answered(scene, await shown(scene, PROFILE, NAME), PROFILE)
    assert decided.grant_id is not None
    assert await list_unlinked(scene) == set()
    request = await reconsider(scene.house, decided.grant_id, scene.owner.id, (NAME,))
    await show_request(scene.house, request.id, scene.owner.id)
    await answered(scene, request)
    assert await list_unlinked(scene) == set()
    await answered(scene, await shown(scene, CHAT))
    assert await list_unlinked(scene) == {CHAT}


async def test_the_grant_tells_what_this_person_refused_lately(scene: Scene) -> None:
    """Rows count by who refused and when; an earlier whole refusal counts where the grant has no row yet."""
    decided = await answered(scene, await shown(scene, PROFILE, NAME), PROFILE)
    assert decided.grant_id is not None
    grant, at = await get_grant(scene.house, decided.grant_id), scene.clock.now()
    earlier = {PHONE: at, PROFILE: at}
    mine = list_refused(grant, earlier, scene.owner.id, at - MONTH)
    assert mine == {NAME: at, PHONE: at}
    assert list_refused(grant, {}, scene.other_owner.id, at - MONTH) == {}
    assert list_refused(grant, {}, scene.owner.id, at) == {}


async def test_looking_again_is_for_who_holds_the_open_request(scene: Scene) -> None:
    """Another person, an unknown id and a request that is over are not found."""
    request = await shown(scene)
    with pytest.raises(Refusal, match="not_found"):
        await look_again(scene.house, request.id, scene.other_owner.id)
    with pytest.raises(Refusal, match="not_found"):
        await look_again(scene.house, "rq_guess", scene.owner.id)
    await look_again(scene.house, request.id, scene.owner.id)
    assert (await find(scene, request)).looked_at == scene.clock.now()
    await answered(scene, request)
    with pytest.raises(Refusal, match="not_found"):
        await look_again(scene.house, request.id, scene.owner.id)


async def test_an_account_is_chosen_among_ones_own(scene: Scene) -> None:
    """The decision then counts for that account and no other; none chosen is back to the question."""
    second = await link_account(scene.house, scene.owner.id, external_id="4000000000000009")
    strange = await link_account(scene.house, scene.other_owner.id, external_id="4000000000000002")
    request = await shown(scene)
    with pytest.raises(Refusal, match="account_required"):
        await choose_account(scene.house, request.id, scene.owner.id, account_id=strange.id)
    await choose_account(scene.house, request.id, scene.owner.id, account_id=second.id)
    with pytest.raises(Refusal, match="account_required"):
        await answered(scene, request, PROFILE)
    await choose_account(scene.house, request.id, scene.owner.id, account_id=None)
    assert (await find(scene, request)).account_id is None
    await choose_account(scene.house, request.id, scene.owner.id, account_id=second.id)
    assert (await answered(scene, request, PROFILE, account_id=second.id)).raw_code is not None
    with pytest.raises(Refusal, match="not_found"):
        await choose_account(scene.house, request.id, scene.owner.id, account_id=None)


# --- the sign-in that an app wants ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wishes",
    [LOGIN, Wishes(prompts=(Prompt.SELECT_ACCOUNT,)), Wishes(max_age_seconds=0), Wishes(max_age_seconds=59)],
)
async def test_an_old_session_must_sign_in_again(scene: Scene, wishes: Wishes) -> None:
    """The screen is not shown, and the request is nobody's yet: another person may sign in for it."""
    old = now_signed_in(scene)
    scene.clock.advance(60)
    request = await asked(scene, wishes=wishes)
    with pytest.raises(Refusal, match="sign_in_again"):
        await show_request(scene.house, request.id, scene.owner.id, sign_in=old)
    with pytest.raises(Refusal, match="sign_in_again"):
        await show_request(scene.house, request.id, scene.owner.id)
    assert (await find(scene, request)).person_id is None
    scene.clock.advance(1)
    fresh = now_signed_in(scene)
    scene.clock.advance(900)
    await show_request(scene.house, request.id, scene.other_owner.id, sign_in=fresh)


async def test_a_session_that_is_new_enough_will_do(scene: Scene) -> None:
    """`max_age` is kept to the second, and measured when the screen is shown, not when the button is pressed."""
    session = now_signed_in(scene)
    scene.clock.advance(60)
    request = await asked(scene, wishes=Wishes(max_age_seconds=60))
    await show_request(scene.house, request.id, scene.owner.id, sign_in=session)
    scene.clock.advance(600)
    assert (await answered(scene, request, PROFILE, sign_in=session)).raw_code is not None


async def test_an_answer_by_another_session_is_not_taken(scene: Scene) -> None:
    """The session that decides must be what the app wants, not only the one that looked."""
    old = now_signed_in(scene)
    scene.clock.advance(60)
    request = await shown(scene, wishes=LOGIN)
    for session in (old, None):
        with pytest.raises(Refusal, match="sign_in_again"):
            await answered(scene, request, PROFILE, sign_in=session)
    assert (await answered(scene, request, PROFILE)).raw_code is not None


async def test_a_class_that_is_not_reached_is_unmet_after_signing_in(scene: Scene) -> None:
    """Another class may come of another sign-in; once that was tried, the request can only end."""
    old = now_signed_in(scene, PASSWORD_ACR)
    scene.clock.advance(60)
    request = await asked(scene, wishes=Wishes(acr_values=("phr",)))
    for session, reason in ((old, "sign_in_again"), (None, "sign_in_again")):
        with pytest.raises(Refusal, match=reason):
            await show_request(scene.house, request.id, scene.owner.id, sign_in=session)
    tried = now_signed_in(scene, PASSWORD_ACR)
    with pytest.raises(Refusal, match="unmet_authentication_requirements"):
        await show_request(scene.house, request.id, scene.owner.id, sign_in=tried)
    met = now_signed_in(scene, "phr")
    await show_request(scene.house, request.id, scene.owner.id, sign_in=met)


async def test_a_request_that_was_given_up_is_over(scene: Scene) -> None:
    """It runs out at once, for everyone, and is not decided."""
    request = await asked(scene)
    await give_up(scene.house, request.id, scene.owner.id)
    with pytest.raises(Refusal, match="expired"):
        await show_request(scene.house, request.id, scene.owner.id)
    with pytest.raises(Refusal, match="not_found"):
        await give_up(scene.house, request.id, scene.owner.id)
    assert (await find(scene, request)).decided_at is None


async def test_whom_an_app_expects_is_forgotten_when_someone_comes(scene: Scene) -> None:
    """The hint stands until the screen is seen, and no longer."""
    request = await asked(scene, wishes=Wishes(login_hint="chu-1"))
    assert (await find(scene, request)).login_hint == "chu-1"
    await show_request(scene.house, request.id, scene.owner.id)
    assert (await find(scene, request)).login_hint is None


async def test_the_family_knows_when_and_how_its_person_signed_in(scene: Scene) -> None:
    """What the decision rested on goes with the tokens; where nobody signed in, nothing is said."""
    signed = SignIn(scene.clock.now(), PASSWORD_ACR)
    scene.clock.advance(60)
    tokens = await tokens_of(scene, await answered(scene, await shown(scene), PROFILE, sign_in=signed))
    facts = await find_facts(scene, tokens["access_token"])
    assert facts is not None
    assert (facts.authenticated_at, facts.acr) == (signed.at, PASSWORD_ACR)
    tokens = await tokens_of(scene, await agree(scene))
    facts = await find_facts(scene, tokens["access_token"])
    assert facts is not None
    assert (facts.authenticated_at, facts.acr) == (None, None)
