"""Expire: write down what time has ended. Verdicts judged it by the clock already; the record follows."""

from typing import Any

from gateway.acts import House
from gateway.acts.recording import why_another
from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.rows import note_damaged
from gateway.ground.storage.storage import ending, shielded
from gateway.records.accounts import store as accounts
from gateway.records.apps import statements
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def expire(house: House) -> int:
    """Record every permission whose time ran out, and every grant that is to be confirmed anew.

    That is one whose account nobody may decide for any more, or whose app has other keys or redirect URIs by now.

    Returns:
        How many grants changed.
    """
    async with house.storage.read() as connection:
        now = house.clock.now()
        due = await grants.list_due(connection, now)
        orphans = await grants.list_orphaned(connection, accounts.lapsed(now))
        others = await grants.list_standing(connection, statements.decided_before())
    changed = [await _record(house, grant_id, Kind.EXPIRED) for grant_id in due]
    whys = dict.fromkeys(orphans, Because(Cause.STANDING_LAPSED))
    whys |= {grant_id: await why_another(house, grant_id, None) for grant_id in others}
    changed += [await _record(house, grant_id, Kind.RECONFIRM, **why.to_facts()) for grant_id, why in whys.items()]
    await house.write_owed()  # what an act before could not bring to the journal
    return sum(changed)


async def _record(house: House, grant_id: GrantId, kind: Kind, **facts: Any) -> bool:
    move = transitions.expire if kind is Kind.EXPIRED else transitions.lapse
    try:
        await house.change_grant(grant_id, Actor.system(), kind=kind, transition=move, **facts)
    except Unreadable as unreadable:  # it lets nothing pass as it is; the others go on
        note_damaged("grant", grant_id, unreadable)
        return False
    except Refusal:
        return False
    return True
