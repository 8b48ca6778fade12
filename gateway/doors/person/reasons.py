"""Why an operator did something, in the operator's own words, for the people whom it concerns."""

from gateway.doors.person.door import PersonDoor
from gateway.ground.vault.sealing import Unsealable
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.records.ledger import reading
from gateway.records.ledger.types import EVIDENCE, Record


async def read_reason(door: PersonDoor, record: Record) -> str:
    """Return the reason in a record, in the clear or sealed under the operator's key; "" where none can be read."""
    try:
        async with door.house.storage.read() as connection:
            opened = await reading.open_parts(connection, record, door.house.ledger.person_keys)
    except Unsealable:  # a part that was changed says nothing; verification names it
        opened = {}
    told = opened.get(EVIDENCE, record.facts)
    return plain(str(told.get("reason", "")), LONGEST_TEXT) if isinstance(told, dict) else ""
