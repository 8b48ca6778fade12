"""A provider's place in the person's door: its name for people, and what a stranger who comes from it may be."""

from dataclasses import dataclass

from gateway.ground.identity.types import SignInClient
from gateway.ground.web.frame import Lang
from gateway.ground.web.responses import scheme_source
from gateway.records.people.types import Role


@dataclass(frozen=True, slots=True)
class SignInProvider:
    """Where people may sign in beside the password form.

    Args:
        client: speaks with it.
        name_vi, name_en: what the button calls it.
        newcomer: the roles of somebody whom it proves for the first time.
    """

    client: SignInClient
    name_vi: str
    name_en: str
    newcomer: frozenset[Role]

    @property
    def slug(self) -> str:
        """Its word in addresses and forms."""
        return self.client.slug

    def name(self, lang: Lang) -> str:
        """Return its name in the page's language."""
        return self.name_en if lang == "en" else self.name_vi

    @property
    def is_for_followers(self) -> bool:
        """Whether it proves followers only, so that it stands apart from the ways of those who work here."""
        return self.newcomer == {Role.FOLLOWER}

    @property
    def form_source(self) -> str:
        """The CSP source of a form that leads there."""
        return scheme_source(self.client.page_url)
