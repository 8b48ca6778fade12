"""Speaking to a platform as the upstream app that an app brought, with its secret open for as long as that takes."""

from gateway.ground.vault.sealing import Vault
from gateway.platforms import Connector
from gateway.records.apps.upstreams import UpstreamApp, secret_place


def speaking_as(vault: Vault, connector: Connector, upstream: UpstreamApp | None) -> Connector:
    """Return the connector that speaks to the platform as an upstream app; None: as the gateway's own.

    Raises:
        Unsealable: the secret is not the row's.
    """
    if upstream is None:
        return connector
    raw_secret = vault.open(upstream.sealed_secret, secret_place(upstream.id)).decode()
    return connector.as_app(upstream.external_id, raw_secret)
