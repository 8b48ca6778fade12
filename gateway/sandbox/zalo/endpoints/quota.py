"""How many messages may still be sent: `quota/message`, for one follower or for the OA (facts A3).

Promotion messages ended in March 2026, so there are none left of none.
"""

from gateway.sandbox.zalo.endpoints.send import FREE_WINDOW
from gateway.sandbox.zalo.errors import field_error
from gateway.sandbox.zalo.visit import Visit

REPLIES = 8
PACKAGE = 2000
OWNERS, PRODUCTS = ("OA", "APP"), ("cs", "transaction")
QUOTA_TYPES = ("sub_quota", "purchase_quota", "reward_quota")


def show_quota(visit: Visit) -> object:
    """Answer `/v3.0/oa/quota/message`: an object for a follower, an array for an owner."""
    return _of_follower(visit) if "user_id" in visit.params else _of_owner(visit)


def _of_follower(visit: Visit) -> dict[str, object]:
    follower = visit.follower()
    seen = visit.chat.last_interaction(visit.oa, follower)
    sent = [
        one
        for one in visit.chat.list_messages(visit.oa, follower.user_id)
        if not one.is_from_user and one.sent_at >= seen and visit.quirks.cs_reply == "counts"
    ]
    is_open = visit.now - seen <= FREE_WINDOW
    return {
        "last_interaction": str(int(seen.timestamp() * 1000)),
        "cs_reply": {"remain": max(REPLIES - len(sent), 0) if is_open else 0, "total": REPLIES},
        "promotion": {"daily_remain": 0, "daily_total": 0, "monthly_remain": 0, "monthly_total": 0},
    }


def _of_owner(visit: Visit) -> list[dict[str, object]]:
    owner, product = _one_of(visit, "quota_owner", OWNERS), _one_of(visit, "product_type", PRODUCTS)
    wanted = _one_of(visit, "quota_type", QUOTA_TYPES)
    if (owner, product, wanted) != ("OA", "cs", "sub_quota"):
        return []
    used = sum(one.is_billed for one in visit.chat.list_messages(visit.oa))
    return [
        {
            "asset_id": f"{visit.oa.oa_id}01",
            "product_type": product,
            "quota_type": wanted,
            "valid_through": "31/12/2027",
            "total": PACKAGE,
            "remain": max(PACKAGE - used, 0),
        }
    ]


def _one_of(visit: Visit, name: str, known: tuple[str, ...]) -> str:
    value = visit.text(name)
    if value not in known:
        raise field_error(name)
    return value
