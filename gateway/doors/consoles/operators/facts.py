"""What a record or a line says beside its title: facts in words, and each ask before and after."""

from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.views import Change
from gateway.doors.consoles.operators.words import actor_title
from gateway.ground.web.catalogue import words
from gateway.ground.web.frame import Lang
from gateway.ground.web.local import write_number, write_second
from gateway.ground.web.plain import plain
from gateway.records.ledger import reading, timeline
from gateway.records.ledger.types import Record
from gateway.records.trace.types import ClosedLine

Facts = list[tuple[str, str]]
_ELSEWHERE = frozenset({"permissions", "refused_asks", "reached", "standings", "connections", "unconnected"})
_MOST_BEFORE = 200


def record_facts(record: Record, lang: Lang) -> Facts:
    """Tell the facts of a record; those without words of their own stand under their own name."""
    _ = words(lang)
    labels = {
        "asks": _("Các mục"),
        "cause": _("Nguyên nhân"),
        "changed": _("Ứng dụng đã đổi"),
        "credential": _("Khóa kết nối"),
        "erase": _("Ứng dụng phải xóa"),
        "event": _("Nền tảng gọi là"),
        "family": _("Chuỗi mã truy cập"),
        "format": _("Định dạng"),
        "grant": _("Mã lần cấp quyền"),
        "how": _("Cách"),
        "import": _("Lần đưa vào"),
        "is_reviewed": _("Đã duyệt"),
        "is_told": _("Ứng dụng có nơi nhận yêu cầu xóa"),
        "language": _("Ngôn ngữ đã hiện"),
        "last4": _("4 chữ cuối của khóa"),
        "notice": _("Vân tay của chữ đã hiện"),
        "passed": _("Từng qua theo hợp đồng đến lúc đó"),
        "person": _("Người liên quan"),
        "platform": _("Nền tảng"),
        "reason": _("Lý do"),
        "record": _("Bản ghi được mở"),
        "request": _("Yêu cầu cấp quyền"),
        "role": _("Vai trò"),
        "roles": _("Vai trò"),
        "statement": _("Vân tay của điều ứng dụng tự khai"),
    }
    who = actor_title(record.actor, lang)
    told: Facts = [(_("Ai làm"), f"{who} {record.actor.id}" if record.actor.is_named else who)]
    if record.grant_id:
        told += [(_("Mã lần cấp quyền"), record.grant_id), (_("Phiên bản"), write_number(record.version))]
    if record.account_id:
        told.append((_("Mã tài khoản"), record.account_id))
    told += [
        (labels.get(name, name), plain(_written(value)))
        for name, value in sorted(record.facts.items())
        if name not in _ELSEWHERE
    ]
    return [*told, (_("Loại bản ghi"), record.kind.value), *_request(record.request_id, lang)]


def call_facts(closed: ClosedLine, lang: Lang) -> Facts:
    """Tell the facts of a call."""
    _ = words(lang)
    line, ending = closed.line, closed.ending
    told: Facts = [(_("Nền tảng"), line.platform), (_("Đường gọi trong danh mục"), line.route)]
    if line.grant_id:
        told.append((_("Mã lần cấp quyền"), line.grant_id))
    if line.family_id:
        told.append((_("Chuỗi mã truy cập"), line.family_id))
    if ending is not None:
        told += [(_("Lý do"), plain(ending.reason))] if ending.reason else []
        told += [(_("Trả lời ứng dụng"), str(ending.status))] if ending.status else []
        told += [(_("Nền tảng trả lời"), str(ending.upstream_status))] if ending.upstream_status else []
        told.append((_("Số người trong câu trả lời"), write_number(ending.subjects)))
        told.append((_("Số trường bị giữ lại"), write_number(ending.withheld)))
        if ending.by_evidence:
            told.append((_("Số người có sự đồng ý từ trước"), write_number(ending.by_evidence)))
    if closed.closed_at is not None:
        told.append((_("Xong lúc"), write_second(closed.closed_at)))
    return told + _request(line.request_id, lang)


async def changes_of(door: OperatorsDoor, record: Record) -> list[Change]:
    """Say of each ask what it was before the record and is after it."""
    after = _current(record)
    if not after or record.grant_id is None:
        return []
    wanted = reading.Search(grant_ids=[record.grant_id], before_seq=record.seq)
    async with door.house.storage.read() as connection:
        earlier = await timeline.list_by_time(connection, wanted, _MOST_BEFORE, before=None)
    before: dict[str, str] = {}
    for each in reversed(earlier):
        before |= _current(each) if isinstance(each, Record) else {}
    return [Change(ask, before.get(ask, ""), state) for ask, state in after.items()]


def _current(record: Record) -> dict[str, str]:
    touched = record.facts.get("permissions", [])
    return {str(each["ask"]): str(each["state"]) for each in touched if each["current"]}


def _request(request_id: str, lang: Lang) -> Facts:
    _ = words(lang)
    return [(_("Mã yêu cầu"), plain(request_id))] if request_id else []


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return str(value)
