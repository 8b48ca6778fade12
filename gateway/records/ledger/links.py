"""What records tell of standings and connections: which there must be now."""

from typing import Any

from gateway.records.ledger.canonical import CanonicalRecord
from gateway.records.ledger.findings import Finding, Told
from gateway.records.ledger.kinds import Kind

_TELLS = frozenset({Kind.LINKED, Kind.UNLINKED, Kind.CONNECTION_LOST})


def fold_links(finding: Finding, record: CanonicalRecord, facts: Any) -> None:
    """Take what a record tells of them into the fold: each row that it left, and whose connections it removed."""
    standings, connections = _rows(facts, "standings"), _rows(facts, "connections")
    for each in standings:
        finding.standings[str(each.get("id"))] = Told(record.seq, each)
    for each in connections:
        of_account = finding.connections.setdefault(str(each.get("account")), {})
        of_account[str(each.get("id"))] = Told(record.seq, each)
    if record.kind in _TELLS and not standings and not connections:
        finding.untold.add(str(record.account_id))
    removed = facts.get("unconnected")
    if isinstance(removed, dict):
        _remove(finding, removed.get("account"), removed.get("brought"))


def _rows(facts: Any, name: str) -> list[dict[str, Any]]:
    rows = facts.get(name)
    return [each for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []


def _remove(finding: Finding, account_id: Any, brought_id: Any) -> None:
    finding.connections.pop(str(account_id), None)
    if not brought_id:
        return
    for of_account in finding.connections.values():
        for each in [each for each, told in of_account.items() if told.facts.get("brought") == brought_id]:
            del of_account[each]
