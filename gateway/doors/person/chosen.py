"""What a person chose before their account was linked: kept in their own browser, sealed, until they confirm it.

The choice must survive the way to the platform and back, and must come from the person: a link, an app or another
person cannot make one. So it travels in a cookie that only the vault can write, bound to request and person.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from aiohttp import web
from pydantic import AwareDatetime, TypeAdapter

from gateway.ground.vault.sealing import Place, Unsealable, Vault
from gateway.ground.web.frame import Lang
from gateway.records.requests.types import REQUEST_LASTS
from gateway.terms.ids import AccountId, AskId, PersonId, RequestId


@dataclass(frozen=True, slots=True)
class Chosen:
    """The asks that were ticked, the duration's code, and which screen that was: its moment, language and words.

    `accounts` are those that stood on it; `waits_for` is the one of them that had to be linked through the app's own
    upstream app first.
    """

    ask_ids: frozenset[AskId]
    duration: str
    shown_at: AwareDatetime
    lang: Lang
    said: str | None
    accounts: tuple[AccountId, ...] = ()
    waits_for: AccountId | None = None


_CHOSEN = TypeAdapter(Chosen)


@dataclass(frozen=True, slots=True)
class ChosenCookie:
    """The cookie of one request and one person."""

    vault: Vault
    is_https: bool
    request_id: RequestId
    person_id: PersonId

    @property
    def name(self) -> str:
        """The cookie's name."""
        return "__Host-quyen_chosen" if self.is_https else "quyen_chosen"

    def find(self, request: web.Request) -> Chosen | None:
        """Return what this person chose for this request; a cookie of another request or person does not open."""
        raw_cookie = request.cookies.get(self.name, "")
        try:
            sealed = urlsafe_b64decode(raw_cookie.encode("ascii"))
            return _CHOSEN.validate_json(self.vault.open(sealed, self._place))
        except (ValueError, Unsealable):
            return None

    def set(self, response: web.StreamResponse, chosen: Chosen) -> None:
        """Keep a choice for as long as a request lasts."""
        sealed = self.vault.seal(_CHOSEN.dump_json(chosen), self._place)
        self._write(response, urlsafe_b64encode(sealed).decode(), int(REQUEST_LASTS.total_seconds()))

    def clear(self, response: web.StreamResponse) -> None:
        """Forget the choice."""
        self._write(response, "", 0)

    @property
    def _place(self) -> Place:
        return Place("authorization_requests", f"{self.request_id}/{self.person_id}", "chosen")

    def _write(self, response: web.StreamResponse, value: str, ttl_seconds: int) -> None:
        response.set_cookie(
            self.name, value, max_age=ttl_seconds, path="/", secure=self.is_https, httponly=True, samesite="Lax"
        )
