"""What every handler of the operators' console works with."""

from dataclasses import dataclass

from aiohttp import web

from gateway.acts import House
from gateway.acts.look_up import Looker
from gateway.doors import Clerk, visitor_of
from gateway.doors.consoles.operators.fault_words import list_faults
from gateway.doors.consoles.operators.looks import RecentLooks
from gateway.doors.consoles.operators.views import Integrity
from gateway.ground.web.csrf import is_foreign
from gateway.ground.web.frame import Lang
from gateway.ground.web.request_ids import request_id_of
from gateway.records.ledger import reading
from gateway.records.ledger.checkpoint import InvalidCheckpoint, open_checkpoint
from gateway.records.ledger.note import InvalidNote
from gateway.records.ledger.reasons import Reason
from gateway.terms.refusal import Refusal
from scopes import Catalogue


@dataclass(frozen=True, slots=True)
class OperatorsDoor:
    """The parts behind the operators' console; `gateway/server/doors.py` puts them together."""

    house: House
    clerk: Clerk
    catalogue: Catalogue
    looks: RecentLooks

    async def read_integrity(self, lang: Lang) -> Integrity:
        """Say what is known about the log itself: its size now, how far it is signed, what verification found."""
        async with self.house.storage.read() as connection:
            size = await reading.count(connection)
            newest = await reading.newest_checkpoint(connection)
        check = self.house.ledger.checked
        signed_size = self._signed_size(newest[1]) if newest else 0
        if check is None:
            return Integrity("unknown", size, signed_size)
        return Integrity(
            "broken" if check.faults else "whole",
            size,
            signed_size,
            check.at,
            check.size,
            list_faults(check.faults, lang),
            len(check.faults),
            check.following,
        )

    def looker(self, request: web.Request, raw_reason: str) -> Looker:
        """Say who looks and why. A look is recorded, so no other site may start one by a link.

        Raises:
            Refusal: `csrf_failed`; `reason_required`.
        """
        if is_foreign(request.headers, self.clerk.public_url):
            raise Refusal("csrf_failed", log_detail="another site led to a look-up or an export")
        return Looker(visitor_of(request).person.id, Reason.parse(raw_reason), request_id_of(request))

    def _signed_size(self, note: str) -> int:
        """Return how many records the note signs, if it is signed by this log."""
        key = self.house.ledger.verifier_key
        try:
            return open_checkpoint(note, [key]).size if key else 0
        except (InvalidNote, InvalidCheckpoint):
            return 0
