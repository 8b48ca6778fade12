"""Use a credential: its id and secret for a short-lived access token of its grant, with no refresh token."""

from dataclasses import dataclass

from gateway.acts import House
from gateway.acts.family import get_holding, lock_family
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.apps import store as apps
from gateway.records.apps.types import AppState
from gateway.records.families import credentials
from gateway.records.families import store as families
from gateway.records.families.minting import Terms, check_target, detailed, mint, narrowed
from gateway.records.families.types import Credential
from gateway.terms.ids import AppId, AskId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details


@dataclass(frozen=True, slots=True)
class Use:
    """What a token endpoint received, with the secret checked.

    `ask_ids` None asks for all that is reached; `jkt` is the key that was proven; `platform` the target named, if any;
    `details` are what is wanted of what is reached.
    """

    credential: Credential
    ask_ids: frozenset[AskId] | None = None
    jkt: str | None = None
    platform: str | None = None
    details: Details | None = None


@shielded
async def use_credential(house: House, use: Use) -> bytes:
    """Exchange the credential, as often as its owner likes: each token lives on its own.

    Returns:
        The token answer, JSON.

    Raises:
        Refusal: `invalid_grant` (it is over, as its grant may be; its app is suspended), `invalid_target`,
            `invalid_scope`, `invalid_authorization_details` (more was asked than it reaches).
        Unavailable: nothing was given.
    """
    credential = use.credential
    async with house.storage.unit() as unit:
        locked = await lock_family(house, unit, credential.family_id)
        await _check_active(unit, locked.family.app_id)
        if locked.family.ended_at is not None and any(p.is_standing(locked.at) for p in locked.grant.permissions):
            raise Refusal("invalid_grant", "the connection key is over")
        holding = narrowed(await get_holding(unit, locked), use.ask_ids)
        holding = detailed(holding, use.details, is_rest_named=use.ask_ids is not None)
        check_target(holding, use.platform)
        minted = mint(holding, Terms(locked.at, may_refresh=False, access_jkt=use.jkt), house.entropy)
        await credentials.forget_expired(unit.connection, locked.family.id, locked.at)
        await families.add_tokens(unit.connection, minted.access, None)
        await credentials.note_use(unit.connection, credential.id, locked.at)
        await unit.commit()
    return minted.answer


async def _check_active(unit: UnitOfWork, app_id: AppId) -> None:
    app = await apps.find(unit.connection, app_id)
    if app is None or app.state is not AppState.ACTIVE:
        raise Refusal("invalid_grant", "the app is suspended")
