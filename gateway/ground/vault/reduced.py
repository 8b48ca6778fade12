"""What of the journal's entries still says something: of each thing the last word."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from gateway.ground.vault.entries import Barred, DestroyedKey, Entry, SealedCredential, Tombstone


def list_reduced(entries: Sequence[Entry]) -> list[Entry]:
    """Return fewer entries that say the same.

    One tombstone for each grant, with its highest version and every permission that ended; the newest credential of a
    connection, but none of one that was taken away; each destroyed key once; of what was shut and opened the last word,
    which is none where it stands open.
    """
    kept: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        name = _name_of(entry)
        before = kept.get(name)
        kept[name] = entry if before is None else _joined(before, entry)
    gone = {each.name for each in kept.values() if isinstance(each, Barred) and each.what == "connection"}
    return [entry for entry in kept.values() if _is_needed(entry, gone)]


def _is_needed(entry: Entry, gone: Collection[str]) -> bool:
    match entry:
        case Barred():
            return entry.is_barred
        case SealedCredential():
            return entry.connection_id not in gone
        case _:
            return True


def _name_of(entry: Entry) -> tuple[str, ...]:
    match entry:
        case Tombstone():
            return entry.kind, entry.grant_id
        case SealedCredential():
            return entry.kind, entry.connection_id
        case DestroyedKey():
            return entry.kind, entry.person_id, entry.part
        case Barred():
            return entry.kind, entry.what, entry.name


def _joined(before: Entry, entry: Entry) -> Entry:
    if isinstance(before, Tombstone) and isinstance(entry, Tombstone):
        dead = {*before.permission_ids, *entry.permission_ids}
        return replace(entry, version=max(before.version, entry.version), permission_ids=tuple(sorted(dead)))
    if isinstance(before, SealedCredential) and isinstance(entry, SealedCredential):
        return entry if entry.version >= before.version else before
    return entry
