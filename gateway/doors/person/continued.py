"""What goes on after a sign-in: the request of an app whose screen somebody was on the way to, and what it wants."""

from dataclasses import dataclass

from gateway.doors import app_label
from gateway.doors.person.door import PersonDoor
from gateway.ground.web.app_labels import AppLabel
from gateway.ground.web.plain import plain
from gateway.ground.web.responses import scheme_source
from gateway.records.apps import store as apps
from gateway.records.people.types import PASSWORD_ACR
from gateway.records.requests import store as requests
from gateway.records.requests.sign_in import AGAIN, find_oldest
from gateway.records.requests.types import Prompt

_CONSENT = "/consent/"


@dataclass(frozen=True, slots=True)
class Continued:
    """The authorize that goes on after sign-in; what it wants of the sign-in, a provider is asked for (RFC 9470).

    Args:
        app_name: "" where no request goes on.
        login_hint: whom the app expects.
        form_action: where its answer may lead.
        max_age_seconds: the oldest proof that will do; 0: a new one; None: any.
        label: what stands beside that name.
        acr_values: the classes that a provider may know, the most wanted first; that of a password here it cannot.
        prompt: `login`, also where an account is to be chosen: not every provider knows `select_account`; or "".
    """

    app_name: str = ""
    login_hint: str = ""
    form_action: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    prompt: str = ""
    label: AppLabel | None = None
    acr_values: tuple[str, ...] = ()


async def find_continued(door: PersonDoor, return_to: str) -> Continued:
    """Find what an own path goes on with; nothing where it leads to no request's screen."""
    if not return_to.startswith(_CONSENT):
        return Continued()
    async with door.house.storage.read() as connection:
        asked = await requests.find(connection, return_to.removeprefix(_CONSENT).partition("?")[0])
        app = await apps.find(connection, asked.app_id) if asked else None
    if asked is None or app is None:
        return Continued()
    return Continued(
        plain(app.name),
        plain(asked.login_hint or ""),
        (scheme_source(asked.redirect_uri),) if asked.redirect_uri else (),
        find_oldest(asked),
        Prompt.LOGIN.value if AGAIN & set(asked.prompts) else "",
        app_label(app),
        tuple(each for each in asked.acr_values if each != PASSWORD_ACR),
    )
