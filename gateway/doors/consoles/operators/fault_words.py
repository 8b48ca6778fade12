"""What the check at the start found, in the page's language: by record, and by what of it does not hold."""

import re
from collections.abc import Sequence

from gateway.ground.web.catalogue import words
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain


def list_faults(faults: Sequence[str], lang: Lang) -> list[str]:
    """Tell each thing once: the record (or number, or `log`) at which it is, and what it is about.

    The words of verification itself are for machines and for who looks into it; `quyen log verify` prints them.
    """
    told = (fault.partition(": ") for fault in faults)
    return list(dict.fromkeys(f"{plain(place)}: {_about(reason, lang)}" for place, _, reason in told))


def _about(reason: str, lang: Lang) -> str:
    _ = words(lang)
    kinds = (
        (r"(grant|permission|family)", _("quyền không như nhật ký nói")),
        (r"(trace line|its trace)", _("dấu vết đã bị sửa")),
        (r"(the text|its text)", _("chữ đã hiện cho người quyết đã bị sửa hoặc mất")),
        (
            r"(tree|the head|a checkpoint|its checkpoint|line \d+ of|\d+ records|the first)",
            _("cây băm hoặc điểm ký không khớp"),
        ),
    )
    return next((said for begins, said in kinds if re.match(begins, reason)), _("bản ghi đã bị sửa hoặc mất"))
