"""The asks of an app that nobody reviewed: each is one scope, for a purpose that the app did not state."""

from gateway.records.apps.types import Ask, AskText
from gateway.terms.ids import AppId, AskId

NOT_STATED = "not_stated"
"""The purpose of every ask of a dynamic app: RFC 7591 and client documents have no place to state one."""
_TEXTS = {
    "vi": AskText(purpose="không nêu.", refusal_effect="ứng dụng không nêu."),
    "en": AskText(purpose="not stated.", refusal_effect="the app does not say."),
}


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
