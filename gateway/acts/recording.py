"""What several acts write alike: an identity's record, a credential in the journal, an endpoint's end, another app."""

import asyncio
from datetime import datetime

from gateway.acts import House, named
from gateway.ground.storage.storage import UnitOfWork
from gateway.ground.vault.entries import Entry, SealedCredential
from gateway.ground.vault.journal import Journal
from gateway.records.accounts.types import Connection
from gateway.records.apps import statements
from gateway.records.apps.statements import Statement
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.outbox.types import Endpoint, address_facts
from gateway.records.people.identities import Identity
from gateway.records.people.types import Person
from gateway.terms.ids import GrantId


def draft_identity(kind: Kind, identity: Identity, person: Person, *, actor: Actor) -> Draft:
    """Draft the record of an identity that was tied to a person, or taken away; the subject is sealed with the name."""
    facts = {"person": person.id, "issuer": identity.issuer, "by": identity.linked_by}
    return Draft(kind, identity.linked_at, actor, facts, parts=(named(person, subject=identity.subject),))


async def is_journalled(house: House, link: Connection) -> bool:
    """Write a connection's sealed credential to the journal; False if its disk did not take it."""
    entry = SealedCredential(link.id, link.generation, link.sealed_credential, link.changed_at)
    error = await asyncio.to_thread(_find_error, house.journal, entry)
    if error is not None:
        house.storage.note_failure(error)
    return error is None


def _find_error(journal: Journal, entry: Entry) -> OSError | None:
    try:
        journal.append([entry])
    except OSError as error:
        return error
    return None


async def record_gone(house: House, unit: UnitOfWork, endpoint: Endpoint, now: datetime) -> None:
    """Record that an endpoint is gone, once all that waited for it was let go."""
    draft = Draft(Kind.NOTICES_GONE, now, Actor.system(), address_facts(endpoint.url), app_id=endpoint.app_id)
    await house.ledger.append(unit.connection, draft)


async def why_another(house: House, grant_id: GrantId, now: Statement | None) -> Because:
    """Say of a grant that its app is another than was decided on: in what, by what it says of itself now."""
    async with house.storage.read() as connection:
        before = await statements.find_granted(connection, grant_id)
        now = now or (await statements.find_current(connection, before.app_id) if before else None)
    return Because(Cause.APP_CHANGED, now.list_others(before) if now else ())
