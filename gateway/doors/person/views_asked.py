"""What the people's pages show: what an app may know of a shop's follower, to whom the link was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.doors.person.views import AccountView, AppView, AskView


@dataclass(frozen=True, slots=True)
class AskedView:
    """`GET /ask`: the shop, the app, and each thing that is asked or that goes on under a contract (R63, R83).

    Two forms post to `/ask`: `action=decide` leads to the screen, `action=object` (with `ask`, or for all) objects.

    Args:
        consents: what the reader is asked for.
        contracts: what goes on under a contract, to object to; never to agree to.
        serving: what is done for the reader whatever they say; nothing of it is asked or objected to.
        names: the fields by which the forms name what the link named.
        sign_in: the own path of the form that leads to the provider at once, or where there is none that of the page
            on which people sign in; both come back here.
        return_to: with the form: where it leads back.
        sign_in_token: with the form: its token, which rests on the cookie of forms before sign-in; else "".
        is_known: the reader is signed in where the shop's followers are known.
        stranger: why the reader could not be found among the followers: `other_sign_in`, `other_person`, `unknown`,
            `unheard` (the same, and writing to the shop tells the gateway nothing); or "".
    """

    TEMPLATE: ClassVar[str] = "person/asked.html"
    app: AppView
    shop: AccountView
    consents: Sequence[AskView]
    contracts: Sequence[AskView]
    serving: Sequence[AskView]
    names: Sequence[tuple[str, str]]
    sign_in: str
    return_to: str = ""
    sign_in_token: str = ""
    is_known: bool = False
    stranger: str = ""
