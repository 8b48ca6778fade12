"""What several acts write in the same words: an identity's record, a person's names, a credential in the journal."""

import asyncio

from gateway.acts import House, named
from gateway.ground.vault.entries import Entry, SealedCredential
from gateway.ground.vault.journal import Journal
from gateway.records.accounts.types import Connection
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.people.identities import Identity
from gateway.records.people.types import Person


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
