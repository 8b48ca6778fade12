"""Reading: a page of a list, one row, and the few answers that are no list (facts B2, B3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.sandbox.kiotviet.errors import KiotError
from gateway.sandbox.kiotviet.lists import COLLECTIONS, Collection
from gateway.sandbox.kiotviet.shelf import Shelf
from gateway.sandbox.kiotviet.state import Row
from gateway.sandbox.kiotviet.switches import Switches

DEFAULT_PAGE, LARGEST_PAGE = 20, 100
SECRET = ("IdentificationNumber", "groupId")
"""Kept of a customer, and told in no list."""


@dataclass(frozen=True)
class Visit:
    """A call whose token and shop were accepted."""

    shelf: Shelf
    query: Mapping[str, str]
    quirks: Switches

    def number(self, name: str, default: int) -> int:
        """A query key that must be a whole number."""
        value = self.query.get(name, str(default))
        if not value.isdecimal():
            raise KiotError("validation", f"{name} không hợp lệ")
        return int(value)

    def asks_for(self, name: str) -> bool:
        """Whether a query key is `true`."""
        return self.query.get(name, "").casefold() == "true"


def list_rows(visit: Visit, name: str) -> Row:
    """A page of a collection."""
    collection = COLLECTIONS[name]
    rows = [row for row in visit.shelf.list_rows(name) if _is_wanted(visit, collection, row)]
    size, first = _page_size(visit), visit.number("currentItem", 0)
    page = _ordered(visit, rows)[first : first + size] if collection.is_paged else rows
    answer: Row = {"total": len(rows)}
    if collection.is_paged:
        answer["pageSize"] = size
    if page or visit.quirks.empty_page == "list":
        answer["data"] = [_listed(visit, collection, row) for row in page]
    if collection.removed_as and visit.asks_for("includeRemoveIds"):
        removed = visit.shelf.list_removed(name, visit.query.get("lastModifiedFrom", ""))
        answer[collection.removed_as] = removed
    if collection.is_paged:
        answer["timestamp"] = visit.shelf.now
    return answer


def show_row(visit: Visit, name: str, *, field: str, value: str) -> Row:
    """One row with all that is told of it."""
    return _shown(visit.shelf.get(name, value, field=field))


def list_groups(visit: Visit) -> Row:
    """`/customers/group`: every group with its members."""
    groups = visit.shelf.list_rows("groups")
    return {"total": len(groups), "data": groups}


def show_settings(visit: Visit) -> Row:
    """`/settings`: an object of its own form."""
    return {name: value for name, value in visit.shelf.list_rows("settings")[0].items() if name != "retailerId"}


def list_on_hand(visit: Visit) -> Row:
    """`/productOnHands`: what is in stock, by branch."""
    answer = list_rows(Visit(visit.shelf, {**visit.query, "includeInventory": "true"}, visit.quirks), "products")
    wanted = visit.query.get("branchIds", "")
    for at, row in enumerate(answer.get("data", [])):
        stock = [one for one in row["inventories"] if not wanted or str(one["branchId"]) in wanted.split(",")]
        kept = {name: row[name] for name in ("id", "code", "createdDate", "modifiedDate")}
        answer["data"][at] = kept | {"inventories": [_on_hand(one) for one in stock]}
    return answer


def _on_hand(stock: Row) -> Row:
    return {"branchId": stock["branchId"], "onhand": stock["onHand"], "reserved": stock["reserved"]}


def _is_wanted(visit: Visit, collection: Collection, row: Row) -> bool:
    modified = str(row.get("modifiedDate") or row.get("createdDate") or "")
    if modified < visit.query.get("lastModifiedFrom", ""):
        return False
    return all(keeps(row, visit.query[key]) for key, keeps in collection.narrowing.items() if key in visit.query)


def _page_size(visit: Visit) -> int:
    size = visit.number("pageSize", DEFAULT_PAGE)
    if size > LARGEST_PAGE and visit.quirks.over_page == "refuse":
        raise KiotError("validation", "pageSize tối đa 100")
    return min(size, LARGEST_PAGE)


def _ordered(visit: Visit, rows: list[Row]) -> list[Row]:
    """By a member that the rows have, spelled in any case; by any other, as they are."""
    wanted = visit.query.get("orderBy", "").casefold()
    name = next((one for row in rows for one in row if one.casefold() == wanted), None)
    is_falling = visit.query.get("orderDirection", "").casefold() == "desc"
    if name is None:
        return rows[::-1] if is_falling else rows
    return sorted(rows, key=lambda row: _rank(row.get(name)), reverse=is_falling)


def _rank(value: object) -> tuple[int, float, str]:
    """Numbers by size, before texts by their letters, before nothing."""
    if value is None:
        return 2, 0, ""
    return (0, value, "") if isinstance(value, int | float) else (1, 0, str(value))


def _listed(visit: Visit, collection: Collection, row: Row) -> Row:
    left_out = {name for key, names in collection.on_request.items() if not visit.asks_for(key) for name in names}
    return {name: value for name, value in _shown(row).items() if name not in left_out}


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in SECRET}
