"""The three ways a call can break the catalogue's promise. None of them knows HTTP; the doors hold the tables.

`detail` may be shown to the caller: it names the place that was wrong, never the value that stood there.
"""

from typing import Literal

TargetCode = Literal["bad_target", "unknown_route", "denied_route", "insufficient_scope"]
BodyCode = Literal["bad_body", "unsupported_media", "too_large", "insufficient_scope"]


class TargetRefused(Exception):
    """The target is malformed, names no route or one that is denied, or uses a query key whose scope is not open.

    Args:
        code: `bad_target`, `unknown_route`, `denied_route` (the detail is the catalogue's reason), or
            `insufficient_scope` (only for a query key that names a scope).
        detail: what was wrong, in words, without the value.
        scope: the scope that would have opened the query key, where the code is `insufficient_scope`.
    """

    def __init__(self, code: TargetCode, detail: str, *, scope: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code: TargetCode = code
        self.detail = detail
        self.scope = scope


class BodyRefused(Exception):
    """The request body is not what the route takes; nothing of it may go upstream.

    Args:
        code: what a surface's table turns into the wire.
        detail: what was wrong, in words, without the value.
        scope: the scope that would have opened the place, where the code is `insufficient_scope`.
    """

    def __init__(self, code: BodyCode, detail: str, *, scope: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code: BodyCode = code
        self.detail = detail
        self.scope = scope


class AnswerMalformed(Exception):
    """The platform's answer is not what the route declares; nothing of it may go to the app."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
