"""The Official Account itself: `getoa`."""

from gateway.sandbox.zalo.visit import Visit


def get_oa(visit: Visit) -> dict[str, object]:
    """Answer `/v2.0/oa/getoa`; the id's member is called `oaid` in the docs and `oa_id` on the wire (a quirk)."""
    oa = visit.oa
    return {
        visit.quirks.oa_id_field: oa.oa_id,
        "name": oa.name,
        "description": oa.description,
        "oa_alias": "",
        "is_verified": True,
        "oa_type": 2,
        "cate_name": oa.category,
        "num_follower": len(oa.followers),
        "avatar": oa.avatar(),
        "cover": oa.avatar().replace("/oa/", "/bia/"),
        "package_name": "Gói mẫu",
        "package_valid_through_date": "31/12/2027",
        "package_auto_renew_date": "",
        "linked_ZCA": "",
    }
