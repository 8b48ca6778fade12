"""An app's signing keys: made, sealed, opened; the HMAC secret leaves the gateway once, the Ed25519 seed never."""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ground.vault.sealing import Place, Vault
from gateway.records.outbox.types import SigningKey
from gateway.terms.entropy import Entropy
from gateway.terms.ids import AppId, new_id

_SECRET_BYTES = 36  # a multiple of three: base64 without padding, so that its last signs tell keys apart
_SEED_BYTES = 32
_PREFIX = "whsec_"
_EVENT_KEY = b"native events"
_EVENT_KEY_BYTES = 30


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, and its secret as the developer is shown it, this once."""

    key: SigningKey
    raw_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key ready to sign with."""

    secret: bytes = field(repr=False)
    seed: bytes = field(repr=False)


def make_key(app_id: AppId, number: int, *, vault: Vault, entropy: Entropy, now: datetime) -> NewKey:
    """Make an app's next key."""
    key_id = new_id("nk", entropy)
    secret, seed = entropy.token(_SECRET_BYTES), entropy.token(_SEED_BYTES)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    raw_secret = f"{_PREFIX}{b64encode(secret).decode()}"
    key = SigningKey(
        id=key_id,
        app_id=app_id,
        number=number,
        sealed_secret=vault.seal(secret, _place(key_id, "sealed_secret")),
        sealed_seed=vault.seal(seed, _place(key_id, "sealed_seed")),
        public_key=f"whpk_{b64encode(public).decode()}",
        last4=raw_secret[-4:],
        created_at=now,
        ended_at=None,
    )
    return NewKey(key, raw_secret)


def event_key_of(secret: bytes) -> str:
    """Return the key under which events are signed in a platform's own form, for an app of its dialect (ADR 0034).

    It is another than the secret that it is derived from, so that nothing signed under the one passes under the other.
    """
    return b64encode(hmac.digest(secret, _EVENT_KEY, "sha256")[:_EVENT_KEY_BYTES]).decode()


def read_secret(raw_secret: str) -> bytes:
    """Return the bytes of a secret as the developer is shown it."""
    return b64decode(raw_secret.removeprefix(_PREFIX))


def open_key(key: SigningKey, vault: Vault) -> OpenKey:
    """Open a key for signing.

    Raises:
        Unsealable: the row was changed or moved, or its master key is not held.
    """
    secret = vault.open(key.sealed_secret, _place(key.id, "sealed_secret"))
    return OpenKey(secret, vault.open(key.sealed_seed, _place(key.id, "sealed_seed")))


def _place(key_id: str, column: str) -> Place:
    return Place("notice_keys", key_id, column)
