"""What a form had said when it is asked again: it comes back on the screen, and into nothing else."""

from dataclasses import dataclass

from gateway.terms.ids import AccountId, AskId


@dataclass(frozen=True, slots=True)
class Ticked:
    """The boxes that were ticked, the duration's code, and the account; of a form that said nothing, nothing."""

    ask_ids: frozenset[AskId] = frozenset()
    duration: str = ""
    account_id: AccountId | None = None


NOTHING = Ticked()
