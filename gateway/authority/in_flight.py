"""Calls in flight: what runs under which permissions, and how it is cut when they end (I1)."""

from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.terms.ids import AccountId, AppId, FamilyId, PermissionId


@dataclass(eq=False, slots=True)
class Call:
    """One call under way. `cut` stops it at once: after it returns, no byte of the call reaches the kernel."""

    app_id: AppId
    account_id: AccountId
    family_id: FamilyId
    hashed_token: bytes = field(repr=False)
    permission_ids: frozenset[PermissionId]
    cut: Callable[[], None]
    is_cut: bool = field(default=False)


class CallsInFlight:
    """All calls of this process. A call registers before its last check, so none slips between check and cut."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._denied: set[PermissionId] = set()

    @property
    def denied(self) -> AbstractSet[PermissionId]:
        """The permissions under which nothing passes, whatever the database says."""
        return self._denied

    def __len__(self) -> int:
        """Count the calls under way."""
        return len(self._calls)

    @contextmanager
    def registered(self, call: Call) -> Iterator[Call]:
        """Hold a call in the register for as long as it runs."""
        self._calls.add(call)
        try:
            yield call
        finally:
            self._calls.discard(call)

    def deny(self, permission_ids: Collection[PermissionId]) -> None:
        """Let nothing more pass: somebody ended these, and the database could not take it down."""
        self._denied.update(permission_ids)
        self.cut_permissions(permission_ids)

    def believe(self, permission_ids: Collection[PermissionId]) -> None:
        """Go by the database again, which has taken down what became of these."""
        self._denied.difference_update(permission_ids)

    def cut_permissions(self, permission_ids: Collection[PermissionId]) -> int:
        """Cut the calls that use any of these permissions; return how many."""
        return self._cut(lambda call: not call.permission_ids.isdisjoint(permission_ids))

    def cut_families(self, family_ids: Collection[FamilyId]) -> int:
        """Cut the calls made with tokens of these families; return how many."""
        return self._cut(lambda call: call.family_id in family_ids)

    def cut_token(self, hashed_token: bytes) -> int:
        """Cut the calls made with this one token; return how many."""
        return self._cut(lambda call: call.hashed_token == hashed_token)

    def cut_app(self, app_id: AppId) -> int:
        """Cut every call of an app; return how many."""
        return self._cut(lambda call: call.app_id == app_id)

    def _cut(self, is_meant: Callable[[Call], bool]) -> int:
        meant = [call for call in self._calls if is_meant(call) and not call.is_cut]
        for call in meant:
            call.is_cut = True
            call.cut()
        return len(meant)
