"""One shop's rows: found, listed, added, changed and removed, each change dated."""

from datetime import datetime, timedelta, timezone

from gateway.sandbox.kiotviet.errors import KiotError
from gateway.sandbox.kiotviet.state import Row, Shop, State

HANOI = timezone(timedelta(hours=7))


def write_time(at: datetime) -> str:
    """A moment as the platform writes it: Vietnam's clock, seven digits of a second, no zone."""
    return f"{at.astimezone(HANOI):%Y-%m-%dT%H:%M:%S.%f}0"


class Shelf:
    """The rows of the shop that a call is about.

    Args:
        shop: its rows.
        state: where they are kept.
        now: the moment of the call.
    """

    def __init__(self, shop: Shop, state: State, *, now: datetime) -> None:
        self._shop, self._state, self.now = shop, state, write_time(now)
        self.changes: list[tuple[str, Row]] = []
        """What this call changed: the collection and the row; a row that was removed is its id alone."""

    def list_rows(self, name: str) -> list[Row]:
        """Every row of a collection, oldest first."""
        return self._shop.rows[name]

    def find(self, name: str, field: str, value: object) -> Row | None:
        """The row whose member is this value."""
        return next((row for row in self.list_rows(name) if str(row.get(field)) == str(value)), None)

    def get(self, name: str, value: object, *, field: str = "id") -> Row:
        """The row whose member is this value; raises the platform's no."""
        row = self.find(name, field, value)
        if row is None:
            raise KiotError("missing", "Không tìm thấy dữ liệu")
        return row

    def add(self, name: str, row: Row, *, code: str = "") -> Row:
        """Add a row under the next id, with a code of this prefix if it has none."""
        number, self._shop.next_id = self._shop.next_id, self._shop.next_id + 1
        own = {"id": number, **({"code": f"{code}{number}"} if code else {})}
        made: Row = {**own, **row, "retailerId": self._shop.rows["settings"][0]["retailerId"], "createdDate": self.now}
        self.list_rows(name).append({**made, "modifiedDate": self.now})
        self._state.save()
        self.changes.append((name, self.list_rows(name)[-1]))
        return self.list_rows(name)[-1]

    def change(self, row: Row, fields: Row) -> Row:
        """Change a row in place."""
        row.update({**fields, "modifiedDate": self.now})
        self._state.save()
        self.changes += [(name, row) for name, rows in self._shop.rows.items() if any(one is row for one in rows)]
        return row

    def remove(self, name: str, row: Row) -> None:
        """Remove a row; the list of removed ids knows it."""
        self.list_rows(name).remove(row)
        self._shop.removed.setdefault(name, []).append((row["id"], self.now))
        self._state.save()
        self.changes.append((name, {"removeId": [row["id"]]}))

    def list_removed(self, name: str, since: str) -> list[int]:
        """The ids that were removed since."""
        return [number for number, at in self._shop.removed.get(name, []) if at >= since]
