"""What an app may ask that nobody reviewed: each scope that is open to it, for a purpose that it did not state."""

from gateway.records.apps.types import Ask, AskText
from gateway.terms.ids import AppId, AskId
from scopes import Scope

NOT_STATED = "not_stated"
"""The purpose of every ask of a dynamic app: RFC 7591 and client documents have no place to state one."""
_TEXTS = {
    "vi": AskText(purpose="không nêu.", refusal_effect="ứng dụng không nêu."),
    "en": AskText(purpose="not stated.", refusal_effect="the app does not say."),
}


def is_open(scope: Scope) -> bool:
    """Say whether an app that nobody reviewed may ask for a scope: the account's own data, and not sensitive."""
    return scope.whose == "account" and scope.sensitivity == "none"


def ask_for(app_id: AppId, scope: str, scope_version: int) -> Ask:
    """Return the ask that a dynamic app's use of a scope stands for: what it does not say is not made up."""
    return Ask(
        id=AskId(scope.replace(".", "_")),
        app_id=app_id,
        scope=scope,
        scope_version=scope_version,
        purpose=NOT_STATED,
        texts=_TEXTS,
        is_required=False,
        retention_days=None,
        recipients=(),
    )
