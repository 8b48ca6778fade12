"""Tags: what the OA sorts its followers by (facts A3)."""

from gateway.sandbox.zalo.errors import field_error
from gateway.sandbox.zalo.visit import Visit


def list_tags(visit: Visit) -> list[str]:
    """Answer `/v2.0/oa/tag/gettagsofoa`: a flat array."""
    return visit.cards.list_tags(visit.oa)


def tag_follower(visit: Visit) -> None:
    """Answer `/v2.0/oa/tag/tagfollower`: a tag that is new is made."""
    visit.cards.tag(visit.oa, visit.follower(), visit.text("tag_name"))


def untag_follower(visit: Visit) -> None:
    """Answer `/v2.0/oa/tag/rmfollowerfromtag`."""
    visit.cards.untag(visit.oa, visit.follower(), _known_tag(visit))


def remove_tag(visit: Visit) -> None:
    """Answer `/v2.0/oa/tag/rmtag`: nobody bears it any more."""
    visit.cards.forget_tag(visit.oa, _known_tag(visit))


def _known_tag(visit: Visit) -> str:
    name = visit.text("tag_name")
    if visit.quirks.unknown_tag == "refused" and name not in visit.cards.list_tags(visit.oa):
        raise field_error("tag_name")
    return name
