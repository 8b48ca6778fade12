"""What an app does to people without asking anything about them: they may object to it all the same (ADR 0045)."""

from collections.abc import Collection

from gateway.doors import is_about_people
from gateway.records.apps.types import Ask
from gateway.terms.ids import AskId
from scopes import Catalogue


def list_to_people(catalogue: Catalogue, asks: Collection[Ask], platform: str) -> frozenset[AskId]:
    """List the asks by which an app does something to people on a platform; none where it asks them there itself."""
    here = [ask for ask in asks if ask.platform == platform]
    if any(is_about_people(catalogue, ask.scope) for ask in here):
        return frozenset()
    scopes = {ask.id: catalogue.scopes.get(ask.scope) for ask in here}
    return frozenset(ask_id for ask_id, scope in scopes.items() if scope is not None and scope.writes_to_people)
