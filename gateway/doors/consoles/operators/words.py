"""What happened, in words: the kinds of the log and the outcomes of calls."""

from typing import Final

from gateway.ground.web.catalogue import words
from gateway.ground.web.frame import Lang
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.trace.types import OUTCOME_UNKNOWN, Outcome

LANGS: Final[tuple[Lang, ...]] = ("vi", "en")


def kind_title(kind: Kind, lang: Lang) -> str:
    """Name what a record is about."""
    _ = words(lang)
    titles = {
        Kind.DECIDED: _("Đồng ý"),
        Kind.RECONNECTED: _("Nối lại, không quyết gì mới"),
        Kind.REFUSED: _("Từ chối"),
        Kind.WITHDRAWN: _("Rút lại"),
        Kind.WITHDRAWN_AT_PLATFORM: _("Rút lại ngay tại nền tảng"),
        Kind.PAUSED: _("Tạm dừng"),
        Kind.RESUMED: _("Chia sẻ lại"),
        Kind.SHORTENED: _("Rút ngắn thời hạn"),
        Kind.OBJECTION_LIFTED: _("Thôi phản đối"),
        Kind.BROUGHT_IN: _("Đưa sự đồng ý có từ trước vào"),
        Kind.EXPIRED: _("Hết hạn"),
        Kind.RECONFIRM: _("Cần xác nhận lại"),
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
    }
    return titles[kind]


def outcome_title(outcome: Outcome, lang: Lang, reason: str | None = None) -> str:
    """Name how a call ended; one that failed for this reason may have been done."""
    _ = words(lang)
    if outcome is Outcome.FAILED and reason == OUTCOME_UNKNOWN:
        return _("Không rõ kết quả")
    titles = {
        Outcome.OPEN: _("Đang gọi"),
        Outcome.PASSED: _("Đã cho qua"),
        Outcome.REFUSED: _("Đã chặn"),
        Outcome.FAILED: _("Không thành"),
        Outcome.CUT: _("Bị cắt giữa chừng"),
    }
    return titles[outcome]


def actor_title(actor: Actor, lang: Lang) -> str:
    """Say in which capacity someone acted; who they are stands behind a look-up."""
    _ = words(lang)
    titles = {
        ActorKind.PERSON: _("Người quyết"),
        ActorKind.OPERATOR: _("Người vận hành"),
        ActorKind.APP: _("Ứng dụng"),
        ActorKind.PLATFORM: _("Nền tảng"),
        ActorKind.SYSTEM: _("Cổng"),
        ActorKind.COMMAND_LINE: _("Người vận hành, bằng dòng lệnh"),
    }
    return titles[actor.kind]
