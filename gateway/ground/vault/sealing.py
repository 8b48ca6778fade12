"""Sealing: what is stored is AES-256-GCM under a key derived from a versioned master key, tied to its place.

The associated data names table, row, column and key version, each length-prefixed, so a sealed value that is moved to
another row, or is offered as of another key version, does not open. Each column has a key of its own (HKDF-SHA256), so
no key nears the limit of random nonces and a leak of one derived key opens one column.

Sealed bytes: format (1 byte), key version (4 bytes; zero under a secret), nonce (12 bytes), ciphertext and tag.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.terms.entropy import Entropy

_BY_MASTER_KEY = 1
_BY_SECRET = 2
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = 5
_LEAST_SECRET_BYTES = 32


class Unsealable(Exception):
    """The sealed bytes do not open here: changed, moved from another place, or under a key that is not held."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies; it opens nowhere else."""

    table: str
    row: str
    column: str


class Vault:
    """Seals and opens under the master keys; new seals use the newest version.

    Args:
        master_keys: 32 bytes for each version, versions 1 to 2**32 - 1; old versions stay until all is sealed anew.
        entropy: where nonces come from.

    Raises:
        ValueError: no key, a key of another length, or a version out of range.
    """

    def __init__(self, master_keys: Mapping[int, bytes], entropy: Entropy) -> None:
        if not master_keys:
            raise ValueError("a vault needs a master key")
        for version, key in master_keys.items():
            if not 0 < version < 2**32 or len(key) != _KEY_BYTES:
                raise ValueError(f"master key {version}: versions are 1 to 2**32 - 1, keys are {_KEY_BYTES} bytes")
        self._master_keys = dict(master_keys)
        self._entropy = entropy
        self.newest_version = max(master_keys)

    def seal(self, plain: bytes, place: Place) -> bytes:
        """Seal under the newest master key, for this place only."""
        head = _head(_BY_MASTER_KEY, self.newest_version)
        return self._seal(plain, place, head=head, key=self._column_key(place, self.newest_version))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Open what `seal` sealed for this place.

        Raises:
            Unsealable: wrong place, changed or cut bytes, or a key version that is not held.
        """
        version = _read_head(sealed, _BY_MASTER_KEY)
        if version not in self._master_keys:
            raise Unsealable(f"master key version {version} is not held")
        return _open(sealed, place, key=self._column_key(place, version))

    def seal_under(self, secret: bytes, plain: bytes, *, place: Place) -> bytes:
        """Seal under a key derived from a high-entropy secret that the gateway itself does not keep (I3).

        Raises:
            ValueError: the secret is too short to be one; passwords and codes are not secrets in this sense.
        """
        return self._seal(plain, place, head=_head(_BY_SECRET, 0), key=_secret_key(secret, place))

    def open_under(self, secret: bytes, sealed: bytes, *, place: Place) -> bytes:
        """Open what `seal_under` sealed with this secret for this place.

        Raises:
            Unsealable: another secret, wrong place, changed or cut bytes.
            ValueError: the secret is too short.
        """
        _read_head(sealed, _BY_SECRET)
        return _open(sealed, place, key=_secret_key(secret, place))

    def hmac_code(self, code: str, purpose: str) -> bytes:
        """Return the keyed hash that is stored for a low-entropy code; without the master key it cannot be guessed."""
        return self._hmac_code(code, purpose, version=self.newest_version)

    def list_hmac_codes(self, code: str, purpose: str) -> list[bytes]:
        """Return the hash under each master key held, newest first, so that a rotation loses no code."""
        return [self._hmac_code(code, purpose, version=version) for version in sorted(self._master_keys, reverse=True)]

    def is_code(self, hashed_code: bytes, code: str, *, purpose: str) -> bool:
        """Say whether this is the code that was stored, in constant time, under any master key held."""
        matches = [hmac.compare_digest(hashed_code, candidate) for candidate in self.list_hmac_codes(code, purpose)]
        return any(matches)

    def derive(self, purpose: bytes, *, length_bytes: int = _KEY_BYTES, version: int | None = None) -> bytes:
        """Derive a key of its own for one purpose, from the newest master key or from the version named.

        Raises:
            Unsealable: that master key version is not held.
        """
        chosen = self.newest_version if version is None else version
        if chosen not in self._master_keys:
            raise Unsealable(f"master key version {chosen} is not held")
        return _hkdf(self._master_keys[chosen], _prefixed(b"quyen derive", purpose), length_bytes=length_bytes)

    def __repr__(self) -> str:
        """Show versions, never keys."""
        return f"Vault(versions={sorted(self._master_keys)})"

    def _seal(self, plain: bytes, place: Place, *, head: bytes, key: bytes) -> bytes:
        nonce = self._entropy.token(_NONCE_BYTES)
        return head + nonce + AESGCM(key).encrypt(nonce, plain, _associated(head, place))

    def _column_key(self, place: Place, version: int) -> bytes:
        column = _prefixed(b"quyen seal", place.table.encode(), place.column.encode())
        return _hkdf(self._master_keys[version], column)

    def _hmac_code(self, code: str, purpose: str, *, version: int) -> bytes:
        key = _hkdf(self._master_keys[version], _prefixed(b"quyen code", purpose.encode()))
        return hmac.digest(key, code.encode("utf-8", "surrogatepass"), "sha256")


def _secret_key(secret: bytes, place: Place) -> bytes:
    if len(secret) < _LEAST_SECRET_BYTES:
        raise ValueError(f"a sealing secret has at least {_LEAST_SECRET_BYTES} bytes")
    return _hkdf(secret, _prefixed(b"quyen seal under", place.table.encode(), place.column.encode()))


def _open(sealed: bytes, place: Place, *, key: bytes) -> bytes:
    head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
    try:
        return AESGCM(key).decrypt(nonce, sealed[_HEAD_BYTES + _NONCE_BYTES :], _associated(head, place))
    except InvalidTag as wrong:
        raise Unsealable(f"does not open at {place.table}.{place.column}") from wrong


def _head(form: int, version: int) -> bytes:
    return bytes([form]) + version.to_bytes(4)


def _read_head(sealed: bytes, form: int) -> int:
    if len(sealed) < _HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[0] != form:
        raise Unsealable("not a seal of this form")
    return int.from_bytes(sealed[1:_HEAD_BYTES])


def _associated(head: bytes, place: Place) -> bytes:
    return _prefixed(place.table.encode(), place.row.encode(), place.column.encode(), head)


def _prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def _hkdf(secret: bytes, info: bytes, *, length_bytes: int = _KEY_BYTES) -> bytes:
    return HKDF(algorithm=SHA256(), length=length_bytes, salt=None, info=info).derive(secret)
