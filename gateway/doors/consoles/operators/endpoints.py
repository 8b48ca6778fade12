"""The table of the operators' console: method, path, who may."""

from functools import partial

from gateway.doors import Endpoint
from gateway.doors.consoles.operators import export, log, record
from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.records.people.types import Role

OPERATORS = frozenset({Role.OPERATOR})
HANDLERS = (
    ("/operators", log.lead_to_log),
    ("/operators/log", log.show_log),
    ("/operators/log/export", export.export_log),
    ("/operators/log/{record_id}", record.show_record),
)


def endpoints(door: OperatorsDoor) -> list[Endpoint]:
    """Return the table, each handler bound to the door; a look-up and an export are records of their own."""
    return [
        Endpoint("GET", path, partial(handle, door), roles=OPERATORS, is_ours=True, notes=path != "/operators")
        for path, handle in HANDLERS
    ]
