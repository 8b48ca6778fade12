"""Connection keys: what the owner of a shop types into an integration that knows only KiotViet's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.acts.make_credential import Made, NewCredential, make_credential
from gateway.records.apps.types import App
from gateway.records.grants import store as grants
from gateway.terms.ids import GrantId
from tests.protocol.wire import Wire


@dataclass(frozen=True, slots=True)
class KeyedApp:
    """An app to whose asks the owner agreed, its own secret, and a key for that grant."""

    app: App
    raw_secret: str = field(repr=False)
    grant_id: GrantId
    key: Made


async def make_key(wire: Wire, app_id: str, scopes: Sequence[str], **changes: Any) -> KeyedApp:
    """Register an app of KiotViet's dialect, let the account's owner agree to an ask on each scope and make a key."""
    asks = [(scope.replace(".", "_"), scope, "crm", False) for scope in scopes]
    app, raw_secret = await wire.add_secret_app(app_id, asks, **{"dialect": "kiotviet", **changes})
    await wire.agree_to(app, [row[0] for row in asks])
    async with wire.house.storage.read() as connection:
        grant = await grants.find_between(connection, wire.scene.account.id, app.id)
    assert grant is not None
    made = await make_credential(wire.house, NewCredential(grant.id, wire.scene.owner.id, "Máy tính quầy (mẫu)"))
    return KeyedApp(app, raw_secret, grant.id, made)
