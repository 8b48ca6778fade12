"""Verify: the log against itself, its checkpoints, and the grants as they stand. It reads and changes nothing."""

from pathlib import Path

from gateway.ground.storage.storage import Connection, Storage
from gateway.ground.vault.personkeys import PersonKeys
from gateway.records.grants import store as grants
from gateway.records.ledger.note import VerifierKey
from gateway.records.ledger.verification import Bad, Finding, GrantFold, verify


async def verify_log(storage: Storage, key: VerifierKey, person_keys: PersonKeys, *, checkpoints: Path) -> Finding:
    """Verify everything that the log proves, and that the grants equal its fold.

    Args:
        storage: the database.
        key: under which checkpoints must verify.
        person_keys: open the parts that are not erased.
        checkpoints: the file outside the database.

    Raises:
        Unavailable: the database gave no answer; nothing was found either way.
    """
    async with storage.read() as connection:
        finding = await verify(connection, key, person_keys=person_keys, outside=checkpoints)
        finding.bad += await _compare(connection, finding.grants)
    return finding


async def _compare(connection: Connection, folded: dict[str, GrantFold]) -> list[Bad]:
    bad: list[Bad] = []
    left = dict(folded)
    for grant in await grants.list_all(connection):
        fold = left.pop(grant.id, None)
        if fold is None:
            if grant.version:
                bad.append(Bad(None, None, f"grant {grant.id} stands in no record"))
            continue
        if (grant.version, grant.app_id, grant.account_id) != (fold.version, fold.app_id, fold.account_id):
            bad.append(Bad(None, None, f"grant {grant.id} is not at the version or of the parties that the log says"))
        rows = {str(p.id): p.to_facts() for p in await grants.list_history(connection, grant.id)}
        bad.extend(
            Bad(None, None, f"permission {each} of grant {grant.id} is not what the log says")
            for each in rows.keys() | fold.permissions.keys()
            if rows.get(each) != fold.permissions.get(each)
        )
    return bad + [Bad(None, None, f"grant {grant_id} of the log is missing") for grant_id in left]
