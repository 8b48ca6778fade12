"""What the ask card of `parts.html` draws: one scope for one purpose, in words."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipient:
    """One who receives what an ask opens: full name and country, both in words."""

    name: str
    country: str


@dataclass(frozen=True, slots=True)
class AskWords:
    """What an ask is called and opens, said to one kind of reader; what each says stands in `AskView`."""

    name: str
    explanation: str = ""
    can: Sequence[str] = ()
    cannot: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AskView:
    """One scope for one purpose, with everything that a person needs in order to decide (R9).

    Args:
        id: the app's slug; the value of the checkbox.
        name: the scope's plain name, followed by the app's own title of the ask where several rest on one scope.
        own: `name`, `explanation`, `can` and `cannot` to the one person whom it is about, or whom the app writes to by
            it; None where nobody is.
        purpose: finishes the sentence "Mục đích: ..."; ends with a full stop.
        refusal_effect: finishes "Nếu bạn không đồng ý: ..."; ends with a full stop.
        data_types: the catalogue's words.
        kept_days: how long the app keeps it; 0 is "not kept", None "not stated".
        recipients: named parties; none is "not stated".
        required: the app does not run without it; then `required_why` says why.
        about_others: the data is about followers or customers, not about the one who decides.
        sensitive_why: not empty: sensitive personal data, and why.
        advertising: the purpose is advertising (R10).
        is_new: was not asked before.
        only: the ids of the resources that it is about, and no others; None: all that there are.
        only_name: what stands before them, in words.
        basis: `own_consent` or `contract`, why data about other people passes; "" of data about the account itself;
            `imported` where a person's own consent was brought in; `to_people` of what an app does to them in the name
            of the account, without being about them, where they object to that; `serves` of what is done for the
            person whom it is about, whatever they say.
        agreement, agreed_on: with `contract`: its number and its day, as people write it.
        explanation: what the scope opens, in whole sentences.
        can, cannot: what an app holding it can and cannot do; one sentence each.
        enforced_by_app: a permission on the device, which the gateway cannot enforce; the page says so.
    """

    id: str
    name: str
    purpose: str
    refusal_effect: str
    data_types: Sequence[str]
    kept_days: int | None
    recipients: Sequence[Recipient]
    required: bool = False
    required_why: str = ""
    about_others: bool = False
    sensitive_why: str = ""
    advertising: bool = False
    is_new: bool = False
    enforced_by_app: bool = False
    only: Sequence[str] | None = None
    only_name: str = ""
    basis: str = ""
    agreement: str = ""
    agreed_on: str = ""
    own: AskWords | None = None
    explanation: str = ""
    can: Sequence[str] = ()
    cannot: Sequence[str] = ()
