"""Files that OAs uploaded: each is known by a token for seven days; an OA may upload so many in a month (facts A3)."""

import base64
from datetime import timedelta

from gateway.sandbox.zalo.errors import OaError, field_error
from gateway.sandbox.zalo.people import OfficialAccount
from gateway.sandbox.zalo.state import State, UploadedFile
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

FILE_TTL = timedelta(days=7)
LIMIT_IN_A_MONTH = 5_000


class FileShelf:
    """The files of every OA."""

    def __init__(self, state: State, clock: Clock, *, entropy: Entropy) -> None:
        self._state, self._clock, self._entropy = state, clock, entropy

    def add(self, oa: OfficialAccount, kind: str, size: int) -> str:
        """Keep that a file was uploaded; returns its token. Raises -211 over the month's allowance."""
        now, files = self._clock.now(), self._state.snapshot.files
        mine = [one.uploaded_at for one in files.values() if one.oa_id == oa.oa_id]
        if sum((one.year, one.month) == (now.year, now.month) for one in mine) >= LIMIT_IN_A_MONTH:
            raise OaError(-211)
        token = base64.urlsafe_b64encode(self._entropy.token(24)).decode()
        files[token] = UploadedFile(oa_id=oa.oa_id, kind=kind, size=size, uploaded_at=now, expires_at=now + FILE_TTL)
        self._state.save()
        return token

    def check(self, oa: OfficialAccount, kind: str, token: str, *, field: str) -> None:
        """Raise -201 for a token that names no such file of this OA, and -100 for one that has expired."""
        found = self._state.snapshot.files.get(token)
        if found is None or (found.oa_id, found.kind) != (oa.oa_id, kind):
            raise field_error(field)
        if found.expires_at <= self._clock.now():
            raise OaError(-100)
