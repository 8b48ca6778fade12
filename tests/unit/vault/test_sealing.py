"""Sealed values open in their own place, unchanged and under a key that is held, and nowhere else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ground.vault.sealing import Place, Unsealable, Vault
from gateway.terms.entropy import Entropy, SystemEntropy

PLACE = Place("connections", "co_1", "credential")
ONE, TWO = b"\x01" * 32, b"\x02" * 32
# Computed apart from the code: HMAC by hand for HKDF, then AES-256-GCM with nonce 00..0b.
KNOWN_SEAL = "0100000001000102030405060708090a0bc976dd0a11e227f074ce7ecb6a9370951cc06c1eb6e44917"
SECRET = b"qrt_" + b"s" * 49


@given(plain=st.binary(max_size=200), row=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_what_is_sealed_opens_in_its_place(plain: bytes, row: str) -> None:
    """Sealing and opening in one place gives the same bytes, whatever they are."""
    vault, place = Vault({1: ONE}, SystemEntropy()), Place("t", row, "c")
    assert vault.open(vault.seal(plain, place), place) == plain
    assert vault.open_under(SECRET, vault.seal_under(SECRET, plain, place=place), place=place) == plain


@pytest.mark.parametrize("moved", [{"table": "apps"}, {"row": "co_2"}, {"column": "webhook_secret"}])
def test_moved_value_does_not_open(vault: Vault, moved: dict[str, str]) -> None:
    """A sealed value copied to another table, row or column stays shut, under a secret too."""
    elsewhere = replace(PLACE, **moved)
    with pytest.raises(Unsealable):
        vault.open(vault.seal(b"x", PLACE), elsewhere)
    with pytest.raises(Unsealable):
        vault.open_under(SECRET, vault.seal_under(SECRET, b"x", place=PLACE), place=elsewhere)


def test_place_has_no_two_readings(vault: Vault) -> None:
    """Letters that wander from the row to the column make another place: the parts are length-prefixed."""
    sealed = vault.seal_under(SECRET, b"x", place=Place("t", "ab", "c"))
    for place in (Place("t", "a", "bc"), Place("ta", "b", "c"), Place("t", "abc", "")):
        with pytest.raises(Unsealable):
            vault.open_under(SECRET, sealed, place=place)


def test_each_changed_byte_is_found(vault: Vault) -> None:
    """Every bit of every byte counts: format, key version, nonce, ciphertext and tag."""
    sealed = vault.seal(b"credential", PLACE)
    for position in range(len(sealed)):
        for bit in range(8):
            changed = sealed[:position] + bytes([sealed[position] ^ (1 << bit)]) + sealed[position + 1 :]
            with pytest.raises(Unsealable):
                vault.open(changed, PLACE)


def test_cut_or_empty_bytes_do_not_open(vault: Vault) -> None:
    """Every shorter piece is refused as unsealable, never with another error."""
    sealed = vault.seal(b"credential", PLACE)
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            vault.open(sealed[:length], PLACE)


def test_unknown_key_version_does_not_open() -> None:
    """A vault without the key that sealed says so, and keeps shut."""
    sealed = Vault({7: ONE}, SystemEntropy()).seal(b"x", PLACE)
    with pytest.raises(Unsealable, match="version 7"):
        Vault({8: ONE}, SystemEntropy()).open(sealed, PLACE)


def test_key_version_is_bound_even_for_one_key() -> None:
    """Where two versions hold the same key, a changed version byte is still found: it is in the associated data."""
    vault = Vault({1: ONE, 2: ONE}, SystemEntropy())
    sealed = vault.seal(b"x", PLACE)
    with pytest.raises(Unsealable):
        vault.open(sealed[:4] + b"\x01" + sealed[5:], PLACE)


def test_rotation_opens_old_and_seals_new(entropy: Entropy) -> None:
    """After a rotation old values open, and new ones are under the newest key."""
    old = Vault({1: ONE}, entropy).seal(b"x", PLACE)
    rotated = Vault({1: ONE, 2: TWO}, entropy)
    assert rotated.open(old, PLACE) == b"x"
    fresh = rotated.seal(b"x", PLACE)
    assert Vault({2: TWO}, entropy).open(fresh, PLACE) == b"x"


def test_sealed_bytes_begin_with_format_and_version(vault: Vault) -> None:
    """Format byte and key version stand in front, and the plain text nowhere."""
    sealed = vault.seal(b"a plain credential", PLACE)
    assert sealed[:5] == b"\x01\x00\x00\x00\x02"
    assert b"credential" not in sealed
    assert len(sealed) == 5 + 12 + len(b"a plain credential") + 16


def test_same_value_seals_differently_each_time(vault: Vault) -> None:
    """Equal values do not show as equal: each seal has a nonce of its own."""
    assert vault.seal(b"x", PLACE) != vault.seal(b"x", PLACE)


def test_another_secret_does_not_open(vault: Vault) -> None:
    """What lies under one refresh token opens under no other, and not under the master key."""
    sealed = vault.seal_under(SECRET, b"answer", place=PLACE)
    with pytest.raises(Unsealable):
        vault.open_under(SECRET[:-1] + b"t", sealed, place=PLACE)
    with pytest.raises(Unsealable):
        vault.open(sealed, PLACE)
    with pytest.raises(Unsealable):
        vault.open_under(SECRET, vault.seal(b"answer", PLACE), place=PLACE)


def test_every_changed_byte_under_a_secret_is_found(vault: Vault) -> None:
    """The unused version bytes of a seal under a secret are bound too."""
    sealed = vault.seal_under(SECRET, b"answer", place=PLACE)
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(Unsealable):
            vault.open_under(SECRET, changed, place=PLACE)


def test_low_entropy_secret_is_refused(vault: Vault) -> None:
    """A password is no key: too short a secret is a programming error."""
    with pytest.raises(ValueError, match="at least 32"):
        vault.seal_under(b"123456", b"x", place=PLACE)


@pytest.mark.parametrize("keys", [{}, {1: b"short"}, {0: ONE}, {2**32: ONE}, {1: ONE, 2: ONE + b"x"}])
def test_unfit_master_keys_are_refused(keys: dict[int, bytes]) -> None:
    """A vault without keys, with a weak key, or with a version that does not fit its field is not built."""
    with pytest.raises(ValueError, match="master key"):
        Vault(keys, SystemEntropy())


def test_codes_need_the_master_key_and_the_purpose(vault: Vault) -> None:
    """The stored hash of a code differs by purpose and by master key, and answers to its code only."""
    hashed_code = vault.hmac_code("ABCD-EFGH", "user_code")
    assert vault.is_code(hashed_code, "ABCD-EFGH", purpose="user_code")
    assert not vault.is_code(hashed_code, "ABCD-EFGI", purpose="user_code")
    assert not vault.is_code(hashed_code, "ABCD-EFGH", purpose="totp")
    assert hashed_code != Vault({2: ONE}, SystemEntropy()).hmac_code("ABCD-EFGH", "user_code")


def test_code_given_before_a_rotation_is_found_after(entropy: Entropy) -> None:
    """A rotation does not lose the codes that people hold in their hands."""
    given_out = Vault({1: ONE}, entropy).hmac_code("ABCD", "user_code")
    rotated = Vault({1: ONE, 2: TWO}, entropy)
    assert given_out in rotated.list_hmac_codes("ABCD", "user_code")
    assert rotated.is_code(given_out, "ABCD", purpose="user_code")
    assert not Vault({2: TWO}, entropy).is_code(given_out, "ABCD", purpose="user_code")


def test_derived_keys_are_their_purposes_own(vault: Vault) -> None:
    """Each purpose and version has its own key, always the same, and none is the master key."""
    assert vault.derive(b"log") == vault.derive(b"log", version=2)
    keys = {vault.derive(b"log"), vault.derive(b"csrf"), vault.derive(b"log", version=1), ONE, TWO}
    assert len(keys) == 5
    assert len(vault.derive(b"log", length_bytes=48)) == 48
    with pytest.raises(Unsealable):
        vault.derive(b"log", version=3)


def test_known_seal_still_opens() -> None:
    """A value sealed by the first release opens in every later one."""
    sealed = bytes.fromhex(KNOWN_SEAL)
    assert Vault({1: ONE}, SystemEntropy()).open(sealed, PLACE) == b"xin chao"


def test_vault_does_not_show_its_keys(vault: Vault) -> None:
    """A vault in a traceback shows versions, not keys."""
    assert repr(vault) == "Vault(versions=[1, 2])"
