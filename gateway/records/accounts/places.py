"""Where this room's sealed values rest: the places that the vault binds them to."""

from gateway.ground.vault.sealing import Place
from gateway.terms.ids import ConnectionId


def credential_place(connection_id: ConnectionId) -> Place:
    """Return the place of a connection's credential."""
    return Place("connections", connection_id, "sealed_credential")


def verifier_place(hashed_state: bytes) -> Place:
    """Return the place of a link attempt's PKCE verifier."""
    return Place("link_attempts", hashed_state.hex(), "sealed_verifier")
