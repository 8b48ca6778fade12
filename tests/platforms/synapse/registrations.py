"""The registrations of the two apps, as an operator writes them into a file. Both are invented."""

from typing import Any, Final

REDIRECT_URI: Final = "http://127.0.0.1:9/tro-ve"

DESK_ASKS: Final = {
    "profile": "matrix.profile.read#desk",
    "rooms": "matrix.room.read#desk",
    "read": "matrix.message.read#support",
    "send": "matrix.message.send#support",
}
"""What the first app asks for: everything of a chat desk."""

ARCHIVE_ASKS: Final = {
    "read_support": "matrix.message.read#support",
    "read_orders": "matrix.message.read#orders",
    "fetch": "matrix.media.read#archive",
    "upload": "matrix.media.send#archive",
}
"""What the second app asks for: files, and messages for two purposes."""


def registration(name: str, asks: dict[str, str]) -> dict[str, Any]:
    """Return a confidential app's registration."""
    company = f"Công ty TNHH {name}"
    return {
        "name": name,
        "legal_entity": company,
        "address": "1 Phố Mẫu, Hà Nội (mẫu)",
        "contact": "dulieu@trolychat.example",
        "domain": "trolychat.example",
        "country": "VN",
        "kind": "confidential",
        "reviewed": True,
        "redirect_uris": [REDIRECT_URI],
        "asks": [_ask(ask_id, *wire.split("#"), company=company) for ask_id, wire in asks.items()],
    }


def _ask(ask_id: str, scope: str, purpose: str, *, company: str) -> dict[str, Any]:
    is_about_others = scope in {"matrix.room.read", "matrix.message.read", "matrix.media.read"}
    agreement = {"number": "HD-02/2026 (mẫu)", "dated": "2026-01-05"}
    return {
        **({"basis": "contract", "agreement": agreement} if is_about_others else {}),
        "id": ask_id,
        "scope": scope,
        "purpose": purpose,
        "retention_days": 7,
        "recipients": [{"name": company, "country": "VN"}],
        "vi": {"purpose": f"phục vụ việc {purpose} (mẫu).", "refusal_effect": "bạn tự làm việc này."},
        "en": {"purpose": f"serve {purpose}.", "refusal_effect": "you do it yourself."},
    }
