"""`quyen consent import`: faults by line, a dry run, a run that was broken off, and the same beside a server."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gateway.acts import House
from gateway.acts.bring_in import Consent, bring_in
from gateway.cli import consents
from gateway.doors.admin import consents as door
from gateway.doors.admin.of_age import Desk, Person, person_of
from gateway.doors.admin.socket import listening
from gateway.server.alone import opened_door
from gateway.server.places import admin_socket_path
from gateway.settings import read_settings
from scopes import Catalogue
from tests.architecture.papers import list_fences, read_paper
from tests.followers import with_asking_app
from tests.house import set_scene
from tests.journeys.cli.conftest import Quyen, parsed

BY = "Nguyễn Vận Hành (mẫu)"
HEADER = "platform,account,person,app,ask,evidence,agreed_at,ends_at,duration"


def line(person: str, ask: str = "crm_name", evidence: str = "Phiếu 17 (mẫu)", **changes: str) -> str:
    """Write a good row."""
    row = {"app": "giao-tan-nha", "agreed_at": "05/01/2026"} | changes
    return ",".join(["zalo,4000000000000001", person, row["app"], ask, evidence, row["agreed_at"], "", "P90D"])


@pytest.fixture
def shop(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the settings of a gateway with a shop and an app that asks each of its customers, all of age."""
    monkeypatch.setattr(door, "list_of_age", everybody)

    async def fill() -> None:
        async with opened_door(read_settings(env_file=env_file)) as opened:
            await with_asking_app(await set_scene(opened.house, opened.house.clock))

    asyncio.run(fill())
    return env_file


async def everybody(house: House, desk: Desk, catalogue: Catalogue, consents: Iterable[Consent]) -> set[Person]:
    """Say of all that they are of age; who asks a platform is tested in `tests/journeys/http`."""
    del house, desk, catalogue
    return {person_of(each) for each in consents}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a writer of files of consents, as a spreadsheet does it."""

    def write(*lines: str) -> str:
        path = tmp_path / "consents.csv"
        path.write_text("\ufeff" + "\r\n".join([HEADER, *lines]), encoding="utf-8", newline="")
        return str(path)

    return write


@pytest.mark.usefixtures("shop")
def test_every_fault_is_told_and_nothing_is_done(quyen: Quyen, write: Any) -> None:
    """By the file itself first, then by what there is: line and column of each, exit code 1."""
    wrong = write(line("1"), line("khách hai"), line("3", agreed_at="hôm qua"))
    refused = quyen("consent", "import", "--file", wrong, "--by", BY)
    assert refused.exit_code == 1
    told = refused.stderr.splitlines()
    assert [each.partition(":")[0] for each in told] == [
        "line 3, person",
        "line 4, agreed_at",
        "nothing was brought in",
    ]
    unknown = write(line("1"), line("2", app="nobody"), line("3", ask="oa_profile"), line("4", agreed_at="2999-01-01"))
    refused = quyen("consent", "import", "--file", unknown, "--by", BY)
    assert refused.exit_code == 1
    assert [each.partition(":")[0] for each in refused.stderr.splitlines()[:3]] == [
        "line 3, app",
        "line 4, ask",
        "line 5, agreed_at",
    ]
    faults = parsed(quyen("consent", "import", "--file", unknown, "--by", BY, "--json"), code=1)
    assert [(each["line"], each["column"]) for each in faults["faults"]] == [(3, "app"), (4, "ask"), (5, "agreed_at")]
    assert (faults["granted"], faults["kept_lines"]) == (0, [])
    assert parsed(quyen("grant", "list", "--json")) == []
    assert quyen("consent", "import", "--file", unknown).exit_code == 2


@pytest.mark.usefixtures("shop")
def test_a_run_that_was_broken_off_is_run_again(quyen: Quyen, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run foretells it; what is in stays in; the second run brings the rest, and the log holds."""
    monkeypatch.setattr(consents, "CHECKED_AT_ONCE", 2)
    monkeypatch.setattr(consents, "BROUGHT_AT_ONCE", 2)
    path = write(line("1"), line("2", evidence=""), "", line("3"), line("4"), line("5"))
    dry = parsed(quyen("consent", "import", "--file", path, "--by", BY, "--dry-run", "--json"))
    assert (dry["rows"], dry["granted"], dry["pending"], dry["dry_run"]) == (5, 4, 1, True)
    assert parsed(quyen("grant", "list", "--json")) == []
    whole, left = bring_in, [2]

    async def broken(*given: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return await whole(*given)

    with monkeypatch.context() as once:
        once.setattr(door, "bring_in", broken)
        assert quyen("consent", "import", "--file", path, "--by", BY).exit_code == 1
    assert len(parsed(quyen("grant", "list", "--json"))) == 2
    again = parsed(quyen("consent", "import", "--file", path, "--by", BY, "--json"))
    assert {name: again[name] for name in ("granted", "pending", "there", "kept")} == {
        "granted": 3,
        "pending": 0,
        "there": 2,
        "kept": 0,
    }
    rows = parsed(quyen("grant", "list", "--json"))
    assert sorted(row["permissions"][0]["state"] for row in rows) == ["granted"] * 4 + ["pending"]
    assert parsed(quyen("log", "verify", "--json"))["bad"] == []
    first = next(row for row in rows if row["account"].endswith("/1"))
    assert quyen("grant", "withdraw", first["grant_id"]).exit_code == 0
    told = quyen("consent", "import", "--file", path, "--by", BY)
    assert told.exit_code == 0
    assert {"kept: 1", "there: 4", "kept_lines: 2"} <= set(told.stdout.splitlines())


async def test_beside_a_server_the_server_does_it(shop: Path, quyen: Quyen, write: Any) -> None:
    """While one holds the database, rows go by its socket; its no is told as one."""
    settings = read_settings(env_file=shop)
    path = write(line("1"), line("2"))
    async with opened_door(settings) as opened, listening(opened, admin_socket_path(settings)):
        called = await asyncio.to_thread(quyen, "consent", "import", "--file", path, "--by", BY, "--json")
        assert parsed(called)["granted"] == 2
        refused = await asyncio.to_thread(quyen, "consent", "import", "--file", path, "--by", "x")
    assert (refused.exit_code, "bad_arguments: by" in refused.stderr) == (1, True)


@pytest.mark.usefixtures("shop")
def test_the_papers_example_is_brought_in(quyen: Quyen, tmp_path: Path) -> None:
    """The file in docs/consent-import.md is a good one, for an app with that id."""
    (example,) = list_fences(read_paper("docs/consent-import.md"), "csv")
    path = tmp_path / "example.csv"
    path.write_text(example.replace("app_0000000000000000000001", "giao-tan-nha"), encoding="utf-8")
    done = parsed(quyen("consent", "import", "--file", str(path), "--by", BY, "--json"))
    assert (done["granted"], done["pending"], done["faults"]) == (2, 1, [])


def test_whom_no_platform_calls_of_age_is_told_by_line(
    shop: Path, quyen: Quyen, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that asks no platform brings in what waits, and nothing that would let data pass."""
    del shop
    monkeypatch.undo()
    path = write(line("1"), line("2", evidence=""), line("3"))
    dry = parsed(quyen("consent", "import", "--file", path, "--by", BY, "--dry-run", "--json"))
    assert (dry["granted"], dry["guardian_needed"]) == (2, 0)
    told = quyen("consent", "import", "--file", path, "--by", BY)
    assert told.exit_code == 0
    assert {"granted: 0", "pending: 1", "guardian_needed: 2", "guardian_needed_lines: 2, 4"} <= set(
        told.stdout.splitlines()
    )
    (row,) = parsed(quyen("grant", "list", "--json"))
    assert row["permissions"][0]["state"] == "pending"
