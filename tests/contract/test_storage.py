"""The ground under every room: units of work, reads, locks, migrations, and what happens when the database fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import LargeBinary, bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from structlog.testing import capture_logs

from gateway.ground.storage import engines
from gateway.ground.storage.migrate import is_current, migrate
from gateway.ground.storage.one_trip import FIRST_ROWS
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.schema import Instant, metadata
from gateway.ground.storage.storage import Storage, shielded
from gateway.records.people.tables import people, sessions
from gateway.terms.refusal import Refusal, Unavailable
from tests.services.postgres_server import PostgresServer
from tests.stand_ins.clock import START

PERSON: dict[str, Any] = {"id": "ps_1", "login": "a", "name": "A (mẫu)", "roles": ("owner",), "created_at": START}
BY_LOGIN = Prepared(select(people.c.id, people.c.roles, people.c.created_at).where(people.c.login == bindparam("who")))


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    """Yield the storage of a fresh, migrated database."""
    storage = Storage(database_url)
    yield storage
    await storage.close()


async def add(storage: Storage, **changes: Any) -> None:
    """Add a person."""
    async with storage.unit() as unit:
        await unit.connection.execute(insert(people).values(**{**PERSON, **changes}))
        await unit.commit()


async def list_logins(storage: Storage) -> list[str]:
    """List who is there, by a page's read."""
    async with storage.read() as connection:
        return [row.login for row in await connection.execute(select(people.c.login).order_by(people.c.login))]


@pytest.mark.parametrize("count", [0, 1, FIRST_ROWS - 1, FIRST_ROWS, FIRST_ROWS + 1, 3 * FIRST_ROWS])
async def test_an_answer_arrives_whole(storage: Storage, count: int) -> None:
    """However many rows there are, and whether they are read at once, one by one, by the dozen or as a stream."""
    logins = [f"{number:04}" for number in range(count)]
    async with storage.unit() as unit:
        if count:
            rows = [{**PERSON, "id": f"ps_{login}", "login": login} for login in logins]
            await unit.connection.execute(insert(people), rows)
        await unit.commit()
    query = select(people.c.login).order_by(people.c.login)
    assert await list_logins(storage) == logins
    async with storage.read() as connection:
        assert [row.login async for row in await connection.stream(query)] == logins
        dozens = [part async for part in (await connection.stream(query)).partitions(12)]
        assert [row.login for part in dozens for row in part] == logins
        assert {len(part) for part in dozens[:-1]} <= {12}
        begun = await connection.stream(query)
        assert (await begun.first()) == ((logins[0],) if logins else None)
        assert [row.login for row in await connection.execute(query)] == logins


async def test_a_unit_without_commit_never_was(storage: Storage) -> None:
    """Left by falling off its end, by an error, or by a cancel: nothing of it stands."""

    async def leave(how: Callable[[], Any]) -> None:
        async with storage.unit() as unit:
            await unit.connection.execute(insert(people).values(**PERSON))
            how()
            await asyncio.sleep(0)

    await leave(lambda: None)
    with pytest.raises(Refusal):
        await leave(_refuse)
    with pytest.raises(asyncio.CancelledError):
        task = asyncio.ensure_future(leave(lambda: task.cancel()))  # noqa: PLW0108 - `task` is bound a line later
        await task
    assert await list_logins(storage) == []
    await add(storage)
    assert await list_logins(storage) == ["a"]


def _refuse() -> None:
    raise Refusal("no")


async def test_what_a_constraint_refuses_stays_what_it_is(storage: Storage) -> None:
    """A login that is taken is no outage, and neither is a wrong statement."""
    await add(storage)
    with pytest.raises(IntegrityError):
        await add(storage, id="ps_2")
    with pytest.raises((ProgrammingError, Unavailable)) as caught:
        async with storage.read() as connection:
            await connection.execute(text("SELECT nothing FROM nowhere"))
    assert storage.is_sqlite or caught.type is ProgrammingError


async def test_a_point_look_up_sees_every_commit(storage: Storage) -> None:
    """Before, and right after: there is nothing in between to be stale; types come back as they went in."""
    for number in range(20):
        assert await storage.point(BY_LOGIN, who=f"p{number}") == []
        await add(storage, id=f"ps_{number}", login=f"p{number}", roles=("follower", "owner"))
        assert await storage.point(BY_LOGIN, who=f"p{number}") == [(f"ps_{number}", ("follower", "owner"), START)]


async def test_a_point_look_up_binds_what_the_query_fixes(storage: Storage) -> None:
    """Literals in the statement, bytes and times as parameters."""
    await add(storage)
    row = {"hashed_token": b"\0x", "person_id": "ps_1", "authenticated_at": START, "last_seen_at": START}
    async with storage.unit() as unit:
        await unit.connection.execute(insert(sessions).values(**row, ends_at=START))
        await unit.commit()
    query = Prepared(
        select(sessions.c.hashed_token, sessions.c.ended_at).where(
            sessions.c.hashed_token == bindparam("token", type_=LargeBinary()),
            sessions.c.ends_at == bindparam("at", type_=Instant()),
            sessions.c.person_id == "ps_1",
        )
    )
    assert await storage.point(query, token=b"\0x", at=START) == [(b"\0x", None)]
    assert await storage.point(query, token=b"\0x", at=START + timedelta(microseconds=1)) == []


ADD = Prepared(insert(people))
RENAME = Prepared(update(people).where(people.c.login == bindparam("who")).values(name=bindparam("called")))


async def test_a_prepared_statement_is_part_of_its_unit(storage: Storage) -> None:
    """Writes are counted, seen by what follows in the unit, read as they went in, and undone with it."""
    row = {**dict.fromkeys(people.c.keys()), **PERSON}
    async with storage.unit() as unit:
        assert await ADD.run(unit.connection, **row) == 1
        assert await RENAME.run(unit.connection, who="a", called="B (mẫu)") == 1
        assert await RENAME.run(unit.connection, who="nobody", called="C (mẫu)") == 0
        read = {"id": "ps_1", "roles": ("owner",), "created_at": START}
        assert await BY_LOGIN.first(unit.connection, who="a") == read
        assert [
            dict(each) for each in (await unit.connection.execute(BY_LOGIN.statement, {"who": "a"})).mappings()
        ] == [read]
    assert await list_logins(storage) == []
    async with storage.unit() as unit:
        await ADD.run_each(unit.connection, [{**row, "id": f"ps_{each}", "login": each} for each in "ab"])
        await unit.commit()
    async with storage.read() as connection:
        assert [each["id"] for each in await BY_LOGIN.rows(connection, who="b")] == ["ps_b"]
    assert await list_logins(storage) == ["a", "b"]


async def test_a_broken_constraint_is_told_alike_by_prepared_statements(storage: Storage) -> None:
    """As a constraint, not as a database that does not answer; a savepoint keeps the unit going."""
    row = {**dict.fromkeys(people.c.keys()), **PERSON}
    async with storage.unit() as unit:
        await ADD.run(unit.connection, **row)
        await unit.commit()
    with pytest.raises(IntegrityError):
        async with storage.unit() as unit:
            await ADD.run(unit.connection, **row)
    with pytest.raises(IntegrityError):
        async with storage.unit() as unit:
            await ADD.run_each(unit.connection, [row])
    assert await list_logins(storage) == ["a"]


async def test_a_read_is_one_moment(storage: Storage) -> None:
    """What is committed between two queries of one read shows in the next read."""
    await add(storage)
    async with storage.read() as connection:
        count = select(people.c.id)
        assert len((await connection.execute(count)).all()) == 1
        await add(storage, id="ps_2", login="b")
        assert len((await connection.execute(count)).all()) == 1
    assert await list_logins(storage) == ["a", "b"]


async def test_a_read_cannot_write(storage: Storage) -> None:
    """Pages read through a connection that takes no change."""
    with pytest.raises(Unavailable):
        async with storage.read() as connection:
            await connection.execute(insert(people).values(**PERSON))
    assert await list_logins(storage) == []


async def test_units_of_one_process_take_turns(storage: Storage) -> None:
    """Fifty at once: none is lost."""

    async def count_up() -> None:
        async with storage.unit() as unit:
            lock = select(people.c.name).where(people.c.id == "ps_1").with_for_update()
            name = (await unit.connection.execute(lock)).scalar_one()
            await unit.connection.execute(people.update().values(name=str(int(name) + 1)))
            await unit.commit()

    await add(storage, name="0")
    await asyncio.gather(*[count_up() for _ in range(50)])
    async with storage.read() as connection:
        assert (await connection.execute(select(people.c.name))).scalar_one() == "50"


async def test_migrations_make_what_the_tables_say(storage: Storage) -> None:
    """A migrated database and the metadata do not differ, and migrating again does nothing."""
    assert await is_current(storage)
    await migrate(storage)
    async with storage.read() as connection:
        found = await connection.run_sync(lambda sync: compare_metadata(MigrationContext.configure(sync), metadata))
    assert found == []


async def test_a_database_that_was_never_migrated_is_not_current(tmp_path: Path) -> None:
    """An empty file is told from ours."""
    storage = Storage(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    sqlite3.connect(tmp_path / "x.db").close()
    (tmp_path / "x.db").touch()
    assert not await is_current(storage)
    await storage.close()


@pytest.fixture
async def sqlite(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Storage]:
    """Yield the storage of a fresh, migrated SQLite file."""
    (tmp_path / "quyen.db").write_bytes(sqlite_template.read_bytes())
    storage = Storage(f"sqlite+aiosqlite:///{tmp_path / 'quyen.db'}")
    yield storage
    await storage.close()


async def test_a_file_that_somebody_else_holds_is_unavailable(
    sqlite: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign writer: acts say so within the bound, verdicts go on, and afterwards all is well."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 50)
    other = sqlite3.connect(tmp_path / "quyen.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught:
        await add(sqlite)
    assert (caught.value.what, caught.value.reason) == ("database", "no_verdict")
    assert await sqlite.point(BY_LOGIN, who="a") == []
    other.execute("ROLLBACK")
    other.close()
    await add(sqlite)
    assert await list_logins(sqlite) == ["a"]


async def test_whoever_is_cancelled_while_another_process_writes_is_cancelled(sqlite: Storage, tmp_path: Path) -> None:
    """Not told that the database is silent; the next unit begins as if nothing had been."""
    other = sqlite3.connect(tmp_path / "quyen.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    adding = asyncio.create_task(add(sqlite))
    await asyncio.sleep(0.05)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    other.execute("ROLLBACK")
    other.close()
    await add(sqlite)
    assert await list_logins(sqlite) == ["a"]


async def test_a_full_disk_is_unavailable_and_undoes_the_unit(sqlite: Storage) -> None:
    """SQLite says that it may grow no further, as on a full disk; what was there can be read."""
    await add(sqlite)
    async with sqlite.unit() as unit:
        pages = (await unit.connection.execute(text("PRAGMA page_count"))).scalar_one()
        await unit.connection.execute(text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(Unavailable):
        await add(sqlite, id="ps_2", login="b", name="x" * 100_000)
    assert await list_logins(sqlite) == ["a"]
    async with sqlite.unit() as unit:
        await unit.connection.execute(text(f"PRAGMA max_page_count={pages + 1000}"))
    await add(sqlite, id="ps_2", login="b", name="x" * 100_000)


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
async def test_a_file_that_is_no_database_gives_no_verdict(tmp_path: Path, content: bytes | None) -> None:
    """Neither rubbish nor an absent file lets anything through (I5)."""
    if content is not None:
        (tmp_path / "x.db").write_bytes(content)
    storage = Storage(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(Unavailable):
        await storage.point(BY_LOGIN, who="a")
    with pytest.raises(Unavailable):
        async with storage.read() as connection:
            await connection.execute(select(people.c.id))
    with pytest.raises(Unavailable):
        await add(storage)
    await storage.close()


async def test_a_path_of_odd_letters_is_one_file(sqlite_template: Path, tmp_path: Path) -> None:
    """Writer, reader and point look-up open the same file, whatever its folder is called."""
    folder = tmp_path / "mục #1"
    folder.mkdir()
    (folder / "quyen.db").write_bytes(sqlite_template.read_bytes())
    storage = Storage(f"sqlite+aiosqlite:///{folder / 'quyen.db'}")
    await add(storage)
    assert await list_logins(storage) == ["a"]
    assert len(await storage.point(BY_LOGIN, who="a")) == 1
    await storage.close()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    """It would be another one for each connection, and gone tomorrow."""
    with pytest.raises(ValueError, match="must be a file"):
        engines.sqlite_path(url)


async def test_the_writer_is_durable_and_alone(sqlite: Storage) -> None:
    """WAL, every commit synced, foreign keys on, one connection."""
    async with sqlite.unit() as unit:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = [(await unit.connection.execute(text(f"PRAGMA {each}"))).scalar_one() for each in pragmas]
        assert found == ["wal", 2, 1]
        other = asyncio.ensure_future(add(sqlite))
        await asyncio.sleep(0.01)
        assert not other.done()
    await other


async def test_a_named_lock_lets_one_errand_through(storage: Storage) -> None:
    """Across two storages on PostgreSQL, within one on SQLite; another name does not wait."""
    replicas = [storage, storage if storage.is_sqlite else Storage(storage.url)]
    inside = most = 0

    async def errand(number: int) -> None:
        nonlocal inside, most
        async with replicas[number % 2].exclusive("connection cn_1"):
            inside += 1
            most = max(most, inside)
            async with replicas[0].exclusive("connection cn_2" if number == 0 else f"other {number}"):
                await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*[errand(number) for number in range(8)])
    assert (inside, most) == (0, 1)
    if replicas[1] is not storage:
        await replicas[1].close()


async def test_errands_never_starve_the_acts(storage: Storage) -> None:
    """Thirty named locks at once, each of which reads and writes inside: nobody waits for a connection for ever."""

    async def errand(number: int) -> None:
        async with storage.exclusive(f"connection {number}"):
            await list_logins(storage)
            await add(storage, id=f"ps_{number}", login=f"p{number}")

    await asyncio.wait_for(asyncio.gather(*[errand(number) for number in range(30)]), 20)
    assert len(await list_logins(storage)) == 30


async def test_an_errand_s_own_failure_is_not_the_database_s(storage: Storage) -> None:
    """A platform that cannot be reached is not an unavailable database, and the lock is free again."""
    with pytest.raises(ConnectionResetError):
        async with storage.exclusive("connection cn_1"):
            raise ConnectionResetError
    async with storage.exclusive("connection cn_1"):
        assert await list_logins(storage) == []


async def test_postgresql_that_ends_a_connection_is_unavailable_and_then_well(
    postgres_server: PostgresServer, postgres_migrated: str
) -> None:
    """Terminated in the middle, made read-only, and locked against each other: each is `Unavailable`, none a bug."""
    storage = Storage(postgres_migrated)
    with pytest.raises(Unavailable):
        async with storage.unit() as unit:
            await unit.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(Unavailable):
        async with storage.unit() as unit:
            await unit.connection.execute(text("SET TRANSACTION READ ONLY"))
            await unit.connection.execute(insert(people).values(**PERSON))
    await add(storage)
    await add(storage, id="ps_2", login="b")
    outcomes = await asyncio.gather(*[_cross(storage, *ids) for ids in (("ps_1", "ps_2"), ("ps_2", "ps_1"))])
    assert sorted(outcomes) == ["deadlock", "done"]
    await storage.close()
    assert postgres_server.child.is_alive()


_MET = asyncio.Barrier(2)


async def _cross(storage: Storage, first: str, second: str) -> str:
    try:
        async with storage.unit() as unit:
            await unit.connection.execute(people.update().where(people.c.id == first).values(name="x"))
            await _MET.wait()
            await unit.connection.execute(people.update().where(people.c.id == second).values(name="x"))
            await unit.commit()
    except Unavailable:
        return "deadlock"
    return "done"


async def test_postgresql_without_a_place_or_a_server_is_unavailable(postgres_server: PostgresServer) -> None:
    """No such database, nobody listening: no verdict."""
    for url in (postgres_server.url("absent"), postgres_server.url("x").replace(str(postgres_server.port), "1")):
        storage = Storage(url)
        with pytest.raises(Unavailable):
            await storage.point(BY_LOGIN, who="a")
        with pytest.raises(Unavailable):
            async with storage.exclusive("x"):
                pass
        await storage.close()


async def test_what_is_not_the_database_s_passes_untouched(tmp_path: Path) -> None:
    """Only its failures are translated: a file of our own that cannot be read is none, a connection that broke is."""
    storage = Storage(f"sqlite+aiosqlite:///{tmp_path / 'quyen.db'}")
    for error in (Refusal("no"), ValueError("x"), KeyError("x"), PermissionError(13, "a key file"), TimeoutError()):
        with pytest.raises(type(error)):
            async with storage.unit():
                raise error
    with pytest.raises(Unavailable):
        async with storage.unit():
            raise ConnectionResetError
    await storage.close()


async def test_whether_it_answers_is_told_without_an_error(tmp_path: Path) -> None:
    """A storage that answers says so; one whose file is not there, or whose disk broke, says that it does not."""
    storage = Storage(f"sqlite+aiosqlite:///{tmp_path / 'quyen.db'}")
    assert not await storage.is_answering()
    async with storage.unit():
        pass
    assert await storage.is_answering()
    storage.broken.set()
    assert not await storage.is_answering()
    await storage.close()


class Place:
    """Something that acts are done on."""

    def __init__(self, folder: Path) -> None:
        self.storage = Storage(f"sqlite+aiosqlite:///{folder / 'quyen.db'}")


async def cancelled(act: Awaitable[object]) -> None:
    """Let an act begin, and leave."""
    caller = asyncio.ensure_future(act)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_a_shielded_act_goes_on_without_its_caller(tmp_path: Path) -> None:
    """The caller is told that it was cancelled; the act ends in its own time, and the storage closes after it."""
    go, done = asyncio.Event(), asyncio.Event()

    @shielded
    async def act(place: Place) -> None:
        await go.wait()
        async with place.storage.unit() as unit:
            await unit.connection.exec_driver_sql("SELECT 1")
        done.set()

    place = Place(tmp_path)
    await cancelled(act(place))
    closing = asyncio.create_task(place.storage.close())
    await asyncio.wait([closing], timeout=0.05)
    assert not closing.done()
    go.set()
    await asyncio.wait_for(closing, 5)
    assert done.is_set()


async def test_an_act_that_fails_without_its_caller_is_logged(tmp_path: Path) -> None:
    """By its name and the kind of failure alone; one whose caller is there raises there, and is not logged."""
    go = asyncio.Event()

    @shielded
    async def act(_place: Place) -> None:
        await go.wait()
        raise ValueError("what somebody sent")

    place = Place(tmp_path)
    with capture_logs() as logs:
        await cancelled(act(place))
        go.set()
        await place.storage.close()
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="sent"):
            await act(place)
    assert [(each["kind"], each["act"].endswith("act")) for each in logs] == [("ValueError", True)]
    assert "somebody" not in str(logs)
