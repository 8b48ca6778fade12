"""The few words that views carry ready-made; all others stand in the templates."""

from collections.abc import Callable
from functools import cache

from gateway.ground.web.catalogue import load_catalogue
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import ActorKind, Record
from gateway.records.people.types import Person
from gateway.records.trace.types import CALL_NOT_OPENED, OUTCOME_UNKNOWN, PLATFORM_REFUSED

Translate = Callable[[str], str]


@cache
def words(lang: Lang) -> Translate:
    """Return the translation into a language of texts that are marked by `_(...)`."""
    return load_catalogue(lang).gettext


def role_name(role: str, lang: Lang) -> str:
    """Name the role that a standing proves."""
    _ = words(lang)
    return {
        "admin": _("quản trị viên"),
        "owner": _("chủ tài khoản"),
        "user": _("chính chủ"),
        "self": _("chính chủ"),
    }.get(role, role)


def actor_name(record: Record, person: Person | None, lang: Lang) -> str:
    """Name who acted; `person` is whom the actor's id names, where there still is one."""
    _ = words(lang)
    actor = record.actor
    unnamed = {
        ActorKind.SYSTEM: _("Cổng, theo thời hạn") if record.kind is Kind.EXPIRED else _("Cổng"),
        ActorKind.COMMAND_LINE: _("Người vận hành, bằng dòng lệnh"),
        ActorKind.APP: _("Ứng dụng"),
        ActorKind.PLATFORM: _("Nền tảng báo"),
    }
    return unnamed.get(actor.kind) or person_name(person, lang)


def person_name(person: Person | None, lang: Lang) -> str:
    """Name a person, or say that there is none any more."""
    return plain(person.name) if person else words(lang)("Người đã rời cổng")


def language_name(lang: Lang) -> str:
    """Name the language of a page in itself."""
    return {"vi": "tiếng Việt", "en": "English"}[lang]


def state_name(state: str, lang: Lang) -> str:
    """Name the state of a permission or grant, as the badges do."""
    _ = words(lang)
    names = {
        "granted": _("Đang hiệu lực"),
        "paused": _("Tạm dừng"),
        "pending": _("Chờ bằng chứng"),
        "reconfirm": _("Cần xác nhận lại"),
        "withdrawn": _("Đã rút lại"),
        "expired": _("Hết hạn"),
        "refused": _("Đã từ chối"),
    }
    return names.get(state, state)


def outcome_name(outcome: str, lang: Lang) -> str:
    """Name how a call ended, as the trace does, where it offers to look for that."""
    _ = words(lang)
    names = {
        "passed": _("Đã cho qua"),
        "masked": _("Cho qua, có che"),
        "refused": _("Đã chặn"),
        "cut": _("Bị cắt giữa chừng"),
        "failed": _("Không thành, hoặc không rõ"),
    }
    return names[outcome]


def ended_because(reason: str | None, lang: Lang) -> str:
    """Say why a call was stopped or came to nothing; a reason without words of its own gets the general ones."""
    _ = words(lang)
    sentences = {
        "paused": _("Bạn đang tạm dừng mục này."),
        "insufficient_scope": _("Ứng dụng không có mục nào mở được lượt gọi này."),
        "purpose_required": _("Ứng dụng không nói dùng cho mục đích nào."),
        "purpose_not_granted": _("Mục đích ứng dụng nói ra không có trong những gì đã đồng ý."),
        "resource_not_granted": _("Mục này chỉ được đồng ý cho những nơi khác."),
        "no_basis": _("Người mà lượt gọi nói tới chưa đồng ý, hoặc đã nói không."),
        "app_suspended": _("Người vận hành đã đình chỉ ứng dụng này."),
        "connection_lost": _("Nền tảng từ chối kết nối của tài khoản này."),
        "limited": _("Ứng dụng gọi quá nhiều lần trong thời gian ngắn."),
        "invalid_token": _("Ứng dụng dùng một mã đã hết hiệu lực."),
        "invalid_dpop_proof": _("Người gọi không chứng minh được mình giữ khóa của mã truy cập."),
        "insufficient_user_authentication": _("Lượt gọi này cần bạn vừa mới đăng nhập."),
        "use_dpop_nonce": _("Ứng dụng phải gửi lại với bằng chứng khóa mới."),
        "bad_target": _("Ứng dụng gọi sai cách."),
        "bad_body": _("Ứng dụng gửi nội dung sai cách."),
        "too_large": _("Ứng dụng gửi nội dung quá lớn."),
        "unsupported_media": _("Ứng dụng gửi một kiểu nội dung mà cổng không nhận."),
        "unknown_route": _("Ứng dụng gọi một địa chỉ không có trong danh mục."),
        "denied_route": _("Ứng dụng gọi một địa chỉ mà cổng cố ý không mở."),
        "address_not_listed": _("Ứng dụng gọi từ một địa chỉ mạng không đăng ký."),
        "two_credentials": _("Ứng dụng gửi hai mã một lúc."),
        "no_credential": _("Ứng dụng không gửi mã truy cập."),
        "caller_gone": _("Ứng dụng ngắt kết nối trước khi nhận hết câu trả lời."),
        OUTCOME_UNKNOWN: _("Đã gửi mà không có trọn câu trả lời: có thể việc đó vẫn xong, cổng không biết kết quả."),
        PLATFORM_REFUSED: _("Nền tảng từ chối lượt gọi này."),
        CALL_NOT_OPENED: _("Nền tảng chưa cho cổng làm việc này ở tài khoản này."),
        "ended": _("Quyền đã hết trước khi gửi, nên không có gì được gửi."),
        "not_taken": _("Máy chủ của ứng dụng không nhận."),
        "unreachable": _("Không nối được tới máy chủ của ứng dụng."),
        "timeout": _("Máy chủ của ứng dụng trả lời quá lâu."),
        "upstream_failed": _("Nền tảng báo lỗi, hoặc không trả lời trọn vẹn."),
        "upstream_timeout": _("Nền tảng trả lời quá lâu."),
        "upstream_malformed": _("Nền tảng trả lời sai dạng, nên cổng không cho qua."),
        "no_verdict": _("Cổng chưa đọc được quyền, nên không cho gì qua."),
        "not_settled": _("Cổng chưa ghi xong, nên không cho gì qua."),
        "internal": _("Cổng gặp lỗi, nên không cho gì qua."),
    }
    return sentences.get(reason, _("Cổng không cho qua vì một lý do khác.")) if reason else ""
