"""Calls in flight: what runs under which permissions, and how it is cut when they end (I1)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.ground.vault.sealing import Vault
from gateway.records.accounts.noes import keys_of, name_noes
from gateway.records.accounts.types import Account
from gateway.terms.ids import AccountId, AppId, AskId, FamilyId, PermissionId


@dataclass(eq=False, slots=True)
class Call:
    """One call under way. `cut` stops it at once: after it returns, no byte of the call reaches the kernel.

    `people` are those whom it is about, by the ids that the account knows them by, as far as their word was asked for.
    """

    app_id: AppId
    account_id: AccountId
    family_id: FamilyId
    hashed_token: bytes = field(repr=False)
    permission_ids: frozenset[PermissionId]
    cut: Callable[[], None]
    is_cut: bool = field(default=False)
    people: set[str] = field(default_factory=set, repr=False)


class CallsInFlight:
    """All calls of this process. A call registers before its last check, so none slips between check and cut."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._denied: set[PermissionId] = set()
        self._recalled: dict[str, set[AskId]] = {}

    @property
    def recalled(self) -> Mapping[str, AbstractSet[AskId]]:
        """What people said no to and the database does not know of, by the keyed hash of person and app."""
        return self._recalled

    def recall(self, names: Iterable[str]) -> None:
        """Hold noes against calls that only the journal knows, as `records.accounts.noes` names them."""
        for name in names:
            key, _, ask_id = name.partition("/")
            self._recalled.setdefault(key, set()).add(AskId(ask_id))

    def forget(self, keys: AbstractSet[str], ask_ids: Iterable[AskId]) -> None:
        """Go by the database again for these asks of a person, who decided anew."""
        decided = set(ask_ids)
        for key in keys & self._recalled.keys():
            self._recalled[key] -= decided

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

    def deny_person(self, vault: Vault, profile: Account | None, app_id: AppId, ask_ids: Iterable[AskId]) -> None:
        """Hold what the person of a profile said no to and the database could not take down; cut calls about them.

        What calls carry are the permissions of the account above, never those of a profile, so these noes go by name.
        """
        if profile is not None and profile.parent_id is not None:
            self.recall(name_noes(vault, profile, app_id, ask_ids))
            self.cut_person(app_id, profile.parent_id, profile.subject_id)

    def believe_person(self, vault: Vault, profile: Account | None, app_id: AppId, decided: Iterable[AskId]) -> None:
        """Go by the database again for what the person of a profile decided; their calls are cut: it may be a no."""
        if profile is not None and profile.parent_id is not None:
            self.cut_person(app_id, profile.parent_id, profile.subject_id)
            self.forget({*keys_of(vault, app_id, profile.platform, profile=profile.external_id)}, decided)

    def cut_permissions(self, permission_ids: Collection[PermissionId]) -> int:
        """Cut the calls that use any of these permissions; return how many."""
        return self._cut(lambda call: not call.permission_ids.isdisjoint(permission_ids))

    def cut_families(self, family_ids: Collection[FamilyId]) -> int:
        """Cut the calls made with tokens of these families; return how many."""
        return self._cut(lambda call: call.family_id in family_ids)

    def cut_person(self, app_id: AppId, account_id: AccountId, person: str) -> int:
        """Cut an app's calls at an account that are about this person; return how many."""
        return self._cut(lambda call: call.app_id == app_id and call.account_id == account_id and person in call.people)

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
