"""The two expected ways to say no. Anything else that is raised is a bug.

A refusal knows no HTTP: each surface has one table that turns its `reason` into the wire, and a test asserts that every
reason that can reach a surface has a row there.
"""

from typing import Literal


class Refusal(Exception):
    """An expected no, for a stated reason.

    Args:
        reason: stable slug, the key of each surface's table.
        detail: text that may be shown to the caller; never holds a secret, personal data or internals.
        log_detail: what only the log may know.
        facts: what a surface's table may put on the wire beside the reason (ask ids, for example).
    """

    def __init__(self, reason: str, detail: str = "", *, log_detail: str = "", **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.log_detail = log_detail
        self.facts = facts


class Unavailable(Exception):
    """Something that the gateway needs did not answer; nothing was let through.

    `done` is what came of the act that was asked for, where somebody knows: `nothing`, or `perhaps` (the answer to a
    commit was lost, or a part of it was done before); empty where nobody said.

    Args:
        what: the dependency, a word for the log.
        reason: `no_verdict` (nothing was decided) or `not_settled` (recorded, not yet in force everywhere).
        retry_after_seconds: hint for the caller.
    """

    def __init__(self, what: str, *, reason: str = "no_verdict", retry_after_seconds: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        self.done: Literal["", "nothing", "perhaps"] = ""
