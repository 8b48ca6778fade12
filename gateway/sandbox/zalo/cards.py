"""What each OA keeps about its followers and may change: their cards, and the tags that it knows.

Until something is changed the seeds say it; a change makes the OA's own copy, which the state keeps.
"""

from typing import Any

from gateway.sandbox.zalo.people import Follower, OfficialAccount
from gateway.sandbox.zalo.state import Card, State


class CardBook:
    """The cards of every OA."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, oa: OfficialAccount, follower: Follower) -> Card:
        """The OA's card of a follower."""
        kept = self._state.snapshot.cards.get(oa.oa_id, {}).get(follower.user_id)
        return kept or Card(tags=follower.tags, alias=follower.alias, contact=follower.contact)

    def change(self, oa: OfficialAccount, follower: Follower, **changes: Any) -> None:
        """Write members of a card anew."""
        cards = self._state.snapshot.cards.setdefault(oa.oa_id, {})
        cards[follower.user_id] = self.find(oa, follower).model_copy(update=changes)
        self._state.save()

    def erase(self, oa: OfficialAccount, follower: Follower, *, with_tags: bool) -> None:
        """Forget everything that the OA keeps about a follower; their tags too, where the platform does."""
        tags = () if with_tags else self.find(oa, follower).tags
        self.change(oa, follower, **{**dict(Card()), "tags": tags})

    def list_tags(self, oa: OfficialAccount) -> list[str]:
        """The tags that the OA knows, whether anyone bears them or not."""
        return list(self._state.snapshot.tags.get(oa.oa_id, oa.tags))

    def tag(self, oa: OfficialAccount, follower: Follower, name: str) -> None:
        """Tag a follower; a tag that the OA did not know is made."""
        names = self.list_tags(oa)
        self._state.snapshot.tags[oa.oa_id] = names if name in names else [*names, name]
        self.change(oa, follower, tags=tuple(dict.fromkeys([*self.find(oa, follower).tags, name])))

    def untag(self, oa: OfficialAccount, follower: Follower, name: str) -> None:
        """Take a tag from a follower; the OA goes on knowing it."""
        self.change(oa, follower, tags=tuple(one for one in self.find(oa, follower).tags if one != name))

    def forget_tag(self, oa: OfficialAccount, name: str) -> None:
        """Remove a tag from the OA and from everyone who bears it."""
        self._state.snapshot.tags[oa.oa_id] = [one for one in self.list_tags(oa) if one != name]
        for follower in oa.followers:
            self.untag(oa, follower, name)
