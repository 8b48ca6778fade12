"""Tags: what the OA sorts its followers by (facts A3)."""

from gateway.sandbox.zalo.errors import field_error
from gateway.sandbox.zalo.visit import Visit


def list_tags(visit: Visit) -> list[str]:
    """Answer `/v2.0/oa/tag/gettagsofoa`: a flat array."""
    return visit.cards.list_tags(visit.oa)


def tag_follower(visit: Visit) -> None:
    """Answer `/v2.0/oa/tag/tagfollower`: a tag that is new is made."""
    follower, name = visit.follower(), visit.text("tag_name")
    visit.cards.tag(visit.oa, follower, name)
    visit.teller.tell_tag(visit.oa, name, who=follower)


def untag_follower(visit: Visit) -> None:
    """Answer `/v2.0/oa/tag/rmfollowerfromtag`."""
    follower, name = visit.follower(), _known_tag(visit)
    visit.cards.untag(visit.oa, follower, name)
    visit.teller.tell_tag(visit.oa, name, who=follower, is_put_on=False)


def remove_tag(visit: Visit) -> None:
    """Answer `/v2.0/oa/tag/rmtag`: nobody bears it any more."""
    name = _known_tag(visit)
    visit.cards.forget_tag(visit.oa, name)
    visit.teller.tell_tag(visit.oa, name)


def _known_tag(visit: Visit) -> str:
    name = visit.text("tag_name")
    if visit.quirks.unknown_tag == "refused" and name not in visit.cards.list_tags(visit.oa):
        raise field_error("tag_name")
    return name
