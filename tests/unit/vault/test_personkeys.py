"""Person keys: destroyed is destroyed, for every process, and a lost file is no erasure."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.ground.vault.personkeys import Erased, Part, PersonKeys
from gateway.ground.vault.sealing import Place, Unsealable, Vault
from gateway.terms.entropy import Entropy, SystemEntropy

PERSON = "pe_0000000000000000000001"
PLACE = Place("ledger_parts", "7", "identity")


@pytest.fixture
def keys(tmp_path: Path, vault: Vault, entropy: Entropy) -> PersonKeys:
    """Person keys in a folder that did not exist."""
    return PersonKeys(tmp_path / "keys", vault, entropy=entropy)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the person's keys lie."""
    return tmp_path / "keys" / f"{PERSON}.key"


def test_what_is_sealed_opens(keys: PersonKeys) -> None:
    """Each part opens what it sealed, and not what the other sealed."""
    sealed = keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    assert keys.open(PERSON, "identity", sealed=sealed, place=PLACE) == b"ten"
    keys.seal(PERSON, "evidence", plain=b"x", place=PLACE)
    with pytest.raises(Unsealable):
        keys.open(PERSON, "evidence", sealed=sealed, place=PLACE)


def test_another_persons_key_does_not_open(keys: PersonKeys) -> None:
    """Nobody's data opens with another's key, nor in another place."""
    sealed = keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    keys.seal("pe_2", "identity", plain=b"x", place=PLACE)
    with pytest.raises(Unsealable):
        keys.open("pe_2", "identity", sealed=sealed, place=PLACE)
    with pytest.raises(Unsealable):
        keys.open(PERSON, "identity", sealed=sealed, place=Place("ledger_parts", "8", "identity"))


def test_destroying_identity_leaves_evidence(keys: PersonKeys) -> None:
    """Erasure takes the identity key alone; the evidence key goes by its own act."""
    identity = keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    evidence = keys.seal(PERSON, "evidence", plain=b"proof", place=PLACE)
    keys.destroy(PERSON, "identity")
    with pytest.raises(Erased):
        keys.open(PERSON, "identity", sealed=identity, place=PLACE)
    assert keys.open(PERSON, "evidence", sealed=evidence, place=PLACE) == b"proof"
    keys.destroy(PERSON, "evidence")
    with pytest.raises(Erased):
        keys.open(PERSON, "evidence", sealed=evidence, place=PLACE)


def test_destroyed_key_leaves_no_byte(keys: PersonKeys, file: Path) -> None:
    """Nothing of the sealed key stands in any file of the folder afterwards."""
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    before = file.read_bytes()
    slot = before[20 + 1 : 20 + 66]
    keys.destroy(PERSON, "identity")
    everything = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert not any(slot[start : start + 8] in everything for start in range(len(slot) - 8))
    assert file.read_bytes()[20 + 66 :] == before[20 + 66 :]


def test_erased_person_gets_no_new_key(keys: PersonKeys) -> None:
    """Sealing for an erased person is refused: a new key would bring the person back."""
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    keys.destroy(PERSON, "identity")
    with pytest.raises(Erased):
        keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)


def test_destroying_before_the_first_seal_leaves_the_marker(keys: PersonKeys) -> None:
    """A restore that destroys keys whose file is not there still keeps them from being made."""
    keys.destroy(PERSON, "identity")
    assert keys.is_destroyed(PERSON, "identity")
    assert not keys.is_destroyed(PERSON, "evidence")
    with pytest.raises(Erased):
        keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)


def test_destroying_twice_is_once(keys: PersonKeys) -> None:
    """Replaying the journal destroys nothing more."""
    for _ in range(2):
        keys.destroy(PERSON, "identity")
    assert keys.open(PERSON, "evidence", sealed=keys.seal(PERSON, "evidence", plain=b"p", place=PLACE), place=PLACE)


def test_lost_file_is_not_an_erasure(keys: PersonKeys, file: Path) -> None:
    """A key file that is gone without a marker is a fault to be told, never taken for an erasure."""
    sealed = keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    file.unlink()
    with pytest.raises(Unsealable, match="lost"):
        keys.open(PERSON, "identity", sealed=sealed, place=PLACE)
    assert not keys.is_destroyed(PERSON, "identity")


@pytest.mark.parametrize("damage", [b"", b"quyen person keys 1\n", b"x" * 152])
def test_damaged_file_does_not_open(keys: PersonKeys, file: Path, damage: bytes) -> None:
    """An empty, cut or foreign file is unsealable, and is not replaced by fresh keys."""
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    file.write_bytes(damage)
    with pytest.raises(Unsealable, match="damaged"):
        keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    assert file.read_bytes() == damage


def test_key_file_of_one_person_serves_no_other(keys: PersonKeys, file: Path) -> None:
    """A key file copied to another person's name does not open: the vault sealed it for its owner."""
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    file.with_name("pe_2.key").write_bytes(file.read_bytes())
    with pytest.raises(Unsealable):
        keys.seal("pe_2", "identity", plain=b"x", place=PLACE)


def test_files_are_private(keys: PersonKeys, file: Path) -> None:
    """Key files are 0600 in a folder of 0700, whatever the umask; destroying keeps it so."""
    before = os.umask(0)
    try:
        keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
        keys.destroy(PERSON, "identity")
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0


def test_keys_do_not_stand_in_the_clear(tmp_path: Path, vault: Vault) -> None:
    """The file holds sealed keys: the entropy's own bytes are not in it."""

    class Watched:
        def __init__(self) -> None:
            self.given: list[bytes] = []

        def token(self, length_bytes: int) -> bytes:
            self.given.append(SystemEntropy().token(length_bytes))
            return self.given[-1]

    watched = Watched()
    PersonKeys(tmp_path / "watched", vault, entropy=watched).seal(PERSON, "identity", plain=b"x", place=PLACE)
    person_keys = [content for content in watched.given if len(content) == 32]
    assert len(person_keys) == 2
    stored = (tmp_path / "watched" / f"{PERSON}.key").read_bytes()
    assert not any(key in stored for key in person_keys)


@pytest.mark.parametrize("person_id", ["../pe_1", "pe/1", "", ".", "pe_1\x00", "pe_1\n", "p" * 65, "*"])
def test_ids_that_would_leave_the_folder_are_refused(keys: PersonKeys, person_id: str) -> None:
    """A person's id is never a path or a pattern."""
    for act in (keys.destroy, keys.is_destroyed):
        with pytest.raises(ValueError, match="id"):
            act(person_id, "identity")
    with pytest.raises(ValueError, match="id"):
        keys.seal(person_id, "identity", plain=b"x", place=PLACE)


def test_racing_makers_agree_on_one_key(tmp_path: Path, vault: Vault) -> None:
    """Sixteen first seals at once, by stores that know nothing of each other, all open afterwards."""
    stores = [PersonKeys(tmp_path / "keys", vault, entropy=SystemEntropy()) for _ in range(16)]
    with ThreadPoolExecutor(16) as threads:
        for round_number in range(10):
            person = f"pe_{round_number}"
            sealed = list(
                threads.map(lambda store, who=person: store.seal(who, "identity", plain=b"x", place=PLACE), stores)
            )
            assert {stores[0].open(person, "identity", sealed=one, place=PLACE) for one in sealed} == {b"x"}
    assert not [path for path in (tmp_path / "keys").iterdir() if path.suffix != ".key"]


def test_racing_destructions_undo_nothing(tmp_path: Path, vault: Vault) -> None:
    """Identity and evidence destroyed at once, twice each: all stay destroyed."""
    stores = [PersonKeys(tmp_path / "keys", vault, entropy=SystemEntropy()) for _ in range(4)]
    parts: list[Part] = ["identity", "evidence"]
    with ThreadPoolExecutor(4) as threads:
        for round_number in range(25):
            person = f"pe_{round_number}"
            stores[0].seal(person, "identity", plain=b"x", place=PLACE)
            waits = [threads.submit(stores[index].destroy, person, part) for index, part in enumerate([*parts, *parts])]
            for wait in waits:
                wait.result()
            assert [stores[0].is_destroyed(person, part) for part in parts] == [True, True]


def test_copy_left_by_a_crash_goes_with_the_key(keys: PersonKeys, file: Path) -> None:
    """A copy that a killed writer left aside is destroyed with the key it copies, and no one else's."""
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    left_over, others = file.with_name(f".{PERSON}.00aa"), file.with_name(".pe_2.00aa")
    for path in (left_over, others):
        path.write_bytes(file.read_bytes())
    keys.destroy(PERSON, "identity")
    assert not left_over.exists()
    assert others.exists()


def test_content_then_name_are_synced(keys: PersonKeys, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New keys are synced before their name is, and a destruction is synced in the file where it was made."""
    synced: list[tuple[Path, bytes]] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path, path.read_bytes() if path.is_file() else b""))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)
    assert [content for _, content in synced] == [file.read_bytes(), b""]
    assert synced[1][0] == file.parent
    synced.clear()
    keys.destroy(PERSON, "identity")
    assert (file, file.read_bytes()) in synced
    assert file.read_bytes()[20:21] == b"X"


def test_failed_fsync_is_raised(keys: PersonKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not take the destruction is an OSError for the caller, never silence."""
    keys.seal(PERSON, "identity", plain=b"ten", place=PLACE)

    def fail(descriptor: int) -> None:
        raise OSError(5, "injected")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="injected"):
        keys.destroy(PERSON, "identity")
