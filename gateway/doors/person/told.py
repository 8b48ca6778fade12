"""How each kind of record reads to the person whom it concerns: a sign and a sentence, for every kind that there is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.doors.person.words import words
from gateway.ground.web.frame import Lang
from gateway.records.ledger.kinds import Kind

SIGNS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.DECIDED: "agree",
        Kind.RECONNECTED: "link",
        Kind.REFUSED: "refuse",
        Kind.WITHDRAWN: "withdraw",
        Kind.WITHDRAWN_AT_PLATFORM: "withdraw",
        Kind.PAUSED: "pause",
        Kind.RESUMED: "resume",
        Kind.SHORTENED: "shorten",
        Kind.EXPIRED: "expire",
        Kind.RECONFIRM: "reconfirm",
        Kind.OBJECTION_LIFTED: "resume",
        Kind.BROUGHT_IN: "import",
        Kind.BURIED: "withdraw",
        Kind.LINKED: "link",
        Kind.CONNECTION_LOST: "suspend",
        Kind.UNLINKED: "withdraw",
        Kind.FAMILY_ENDED: "withdraw",
        Kind.CREDENTIAL_MADE: "link",
        Kind.CREDENTIAL_ENDED: "withdraw",
        Kind.APP_REGISTERED: "note",
        Kind.SECRET_ROTATED: "note",
        Kind.UPSTREAM_BROUGHT: "note",
        Kind.UPSTREAM_REMOVED: "note",
        Kind.APP_SUSPENDED: "suspend",
        Kind.APP_RESUMED: "resume",
        Kind.NOTICES_SET: "note",
        Kind.NOTICES_CLEARED: "note",
        Kind.NOTICES_GONE: "note",
        Kind.NOTICE_KEY_ROTATED: "note",
        Kind.PERSON_ADDED: "note",
        Kind.ROLES_SET: "note",
        Kind.IDENTITY_LINKED: "link",
        Kind.IDENTITY_UNLINKED: "note",
        Kind.LOOKED_UP: "look_up",
        Kind.EXPORTED: "look_up",
        Kind.TRACE_BATCH: "note",
        Kind.RESTORED: "reconfirm",
    }
)
"""The act of `person/acts.html` whose glyph a kind wears."""
DAMAGED: Final = "damaged"
"""The same for a record that is not what was written."""


def sentence(kind: Kind, lang: Lang) -> str:
    """Say what happened, as the person reads it."""
    _ = words(lang)
    return {
        Kind.DECIDED: _("Đồng ý các mục đã chọn"),
        Kind.RECONNECTED: _("Nối lại ứng dụng, không quyết gì mới"),
        Kind.REFUSED: _("Không đồng ý"),
        Kind.WITHDRAWN: _("Rút lại"),
        Kind.WITHDRAWN_AT_PLATFORM: _("Rút lại ngay tại nền tảng"),
        Kind.PAUSED: _("Tạm dừng"),
        Kind.RESUMED: _("Chia sẻ lại"),
        Kind.SHORTENED: _("Rút ngắn thời hạn"),
        Kind.EXPIRED: _("Hết hạn"),
        Kind.RECONFIRM: _("Cần xác nhận lại"),
        Kind.OBJECTION_LIFTED: _("Thôi phản đối"),
        Kind.BROUGHT_IN: _("Sự đồng ý có từ trước được đưa vào"),
        Kind.BURIED: _("Kết thúc lại sau khi khôi phục"),
        Kind.LINKED: _("Liên kết tài khoản"),
        Kind.CONNECTION_LOST: _("Mất kết nối với nền tảng"),
        Kind.UNLINKED: _("Gỡ kết nối tài khoản"),
        Kind.FAMILY_ENDED: _("Chấm dứt một chuỗi mã truy cập"),
        Kind.CREDENTIAL_MADE: _("Tạo khóa kết nối"),
        Kind.CREDENTIAL_ENDED: _("Ngừng khóa kết nối"),
        Kind.APP_REGISTERED: _("Đăng ký ứng dụng"),
        Kind.SECRET_ROTATED: _("Đổi khóa của ứng dụng"),
        Kind.UPSTREAM_BROUGHT: _("Đặt ứng dụng riêng ở nền tảng cho ứng dụng"),
        Kind.UPSTREAM_REMOVED: _("Bỏ ứng dụng riêng ở nền tảng của ứng dụng"),
        Kind.APP_SUSPENDED: _("Đình chỉ ứng dụng"),
        Kind.APP_RESUMED: _("Mở lại ứng dụng"),
        Kind.NOTICES_SET: _("Đặt nơi nhận thông báo của ứng dụng"),
        Kind.NOTICES_CLEARED: _("Bỏ nơi nhận thông báo của ứng dụng"),
        Kind.NOTICES_GONE: _("Nơi nhận thông báo của ứng dụng không còn"),
        Kind.NOTICE_KEY_ROTATED: _("Đổi khóa ký thông báo của ứng dụng"),
        Kind.PERSON_ADDED: _("Thêm người dùng"),
        Kind.ROLES_SET: _("Đổi vai trò"),
        Kind.IDENTITY_LINKED: _("Thêm cách đăng nhập"),
        Kind.IDENTITY_UNLINKED: _("Gỡ cách đăng nhập"),
        Kind.LOOKED_UP: _("Người vận hành xem"),
        Kind.EXPORTED: _("Xuất nhật ký"),
        Kind.TRACE_BATCH: _("Ghi gốc một lô dấu vết"),
        Kind.RESTORED: _("Khôi phục từ bản sao lưu"),
    }[kind]
