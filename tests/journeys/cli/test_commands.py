"""The commands, without a server: what they print, what they change, and how they end."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.server.house import opened_house
from gateway.settings import read_settings
from gateway.terms.clock import SystemClock
from tests.house import MASTER_KEY, agree, set_scene
from tests.journeys.cli.conftest import APP, Quyen, parsed

if TYPE_CHECKING:
    from click.testing import Result

PASSWORD = "mật khẩu đủ dài"
VERIFY = Path(__file__).parents[3] / "docs/verify.py"


def verified_by_a_stranger(quyen: Quyen, folder: Path, change: tuple[str, str] = ("", "")) -> tuple[int, str]:
    """Export the log, let its first line of this kind be changed, and run `docs/verify.py` on it with the keys."""
    export, key = folder / "log.ndjson", folder / "key"
    assert quyen("log", "export", "--output", str(export)).exit_code == 0
    export.write_text(export.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    key.write_text(quyen("log", "checkpoint").stderr, encoding="utf-8")
    argv = [sys.executable, str(VERIFY), str(export), "--key", str(key)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def add_people(quyen: Quyen) -> None:
    """Add a developer and an operator."""
    for login, role in (("dev", "developer"), ("ops", "operator")):
        result = quyen(
            "person", "create", "--login", login, "--role", role, "--password-file", "-", stdin=PASSWORD + "\n"
        )
        assert result.exit_code == 0, result.output


def register(quyen: Quyen, app_file: Path) -> dict[str, str]:
    """Register the app."""
    add_people(quyen)
    registered: dict[str, str] = parsed(quyen("app", "register", "--file", str(app_file), "--json"))
    return registered


def test_people_and_apps_are_added_and_listed(quyen: Quyen, app_file: Path) -> None:
    """A secret is printed once; the list shows what was registered."""
    registered = register(quyen, app_file)
    assert registered["client_secret"].startswith("qcs_")
    (row,) = parsed(quyen("app", "list", "--json"))
    assert (row["client_id"], row["state"], row["reviewed"]) == (registered["client_id"], "active", True)
    assert row["asks"] == ["zalo.profile.read#shop"]
    assert registered["client_id"] in quyen("app", "list").stdout


def test_a_registration_may_name_where_notices_go(quyen: Quyen, tmp_path: Path) -> None:
    """`notice_url` makes the app's endpoint, whose secret is printed once beside the client's."""
    add_people(quyen)
    path = tmp_path / "app.yaml"
    path.write_text(APP + "\nnotice_url: https://app.example/notices\n", encoding="utf-8")
    registered = parsed(quyen("app", "register", "--file", str(path), "--json"))
    assert registered["notice_secret"].startswith("whsec_")
    path.write_text(APP + "\nnotice_url: http://127.0.0.1:9000/notices\n", encoding="utf-8")
    assert quyen("app", "register", "--file", str(path)).exit_code == 0  # this gateway is on loopback itself
    path.write_text(APP + "\nnotice_url: http://app.example/notices\n", encoding="utf-8")
    refused = quyen("app", "register", "--file", str(path))
    assert (refused.exit_code, "app.notice_url" in refused.stderr) == (1, True)


def test_every_fault_of_a_registration_is_told_at_once(quyen: Quyen, tmp_path: Path) -> None:
    """What is no value, and what does not fit: nobody mends a file only to hear of the next fault in it."""
    path = tmp_path / "app.yaml"
    wrong = APP.replace("zalo.profile.read", "zalo.nothing").replace("retention_days", "retention_day")
    path.write_text(wrong.replace("dialect: zalo", "dialect: telegraph") + "\nnick: x\n", encoding="utf-8")
    told = quyen("app", "register", "--file", str(path))
    assert (told.exit_code, told.stderr.partition(": ")[0]) == (1, "bad_arguments")
    places = [each.partition(": ")[0] for each in told.stderr.removeprefix("bad_arguments: ").split("; ")]
    unread = ["app.asks.0.retention_days", "app.asks.0.retention_day", "app.nick"]
    assert places == [*unread, "app.asks.0.scope", "app.dialect", "app.owner_login"]
    path.write_text(APP.replace("zalo.profile.read", "zalo.nothing"), encoding="utf-8")
    told = quyen("app", "register", "--file", str(path))
    assert told.stderr.partition(": ")[0] == "invalid_registration"
    assert ("app.asks.0.scope" in told.stderr, "app.owner_login" in told.stderr) == (True, True)


@pytest.mark.parametrize(
    "change,told",
    [
        (("name:", "name: Khác (mẫu)\nname:"), "key stands twice"),
        (("legal_entity:", "legal_entity: &a x\naddress: *a\nlegal_entity:"), "an alias"),
        (("retention_days: 30", "retention_days: true"), "app.asks.0.retention_days"),
        (("retention_days: 30", "retention_days: 99999999999999999999"), "app.asks.0.retention_days"),
        (("kind: confidential", 'kind: confidential\nmay_refresh: "yes"'), "app.may_refresh"),
    ],
)
def test_a_registration_is_read_in_one_way(quyen: Quyen, tmp_path: Path, change: tuple[str, str], told: str) -> None:
    """A name that stands twice, an alias, and what only looks like a number or a yes are refused, and said where."""
    path = tmp_path / "app.yaml"
    assert change[0] in APP
    path.write_text(APP.replace(*change, 1), encoding="utf-8")
    refused = quyen("app", "register", "--file", str(path))
    assert (refused.exit_code, told in refused.stderr) == (1, True), refused.stderr


def test_a_login_is_taken_once(quyen: Quyen) -> None:
    """The second person of that login is refused with 1."""
    add_people(quyen)
    again = quyen("person", "create", "--login", "dev", "--role", "owner", "--password-file", "-", stdin=PASSWORD)
    assert (again.exit_code, again.stderr.strip()) == (1, "login_taken")


def test_a_short_password_is_refused(quyen: Quyen) -> None:
    """Nobody is added with it, and it is not printed."""
    result = quyen("person", "create", "--login", "x", "--role", "owner", "--password-file", "-", stdin="ngắn-quá")
    assert result.exit_code == 1
    assert "password" in result.stderr
    assert "ngắn-quá" not in result.output


def test_roles_are_replaced(quyen: Quyen) -> None:
    """`person role` says what someone may be from now on; an unknown login is refused."""
    add_people(quyen)
    assert "['owner']" in quyen("person", "role", "dev", "--role", "owner").stdout
    assert quyen("person", "role", "nobody", "--role", "owner").exit_code == 1


def test_an_identity_is_tied_and_taken(quyen: Quyen) -> None:
    """`person link` and `person unlink` name a subject at an issuer; without a provider set the issuer must be said."""
    add_people(quyen)
    at = ("--issuer", "https://id.example", "--subject", "u-1")
    assert "subject: u-1" in quyen("person", "link", "dev", *at).stdout
    taken = quyen("person", "link", "ops", *at)
    assert (taken.exit_code, "identity_taken: dev signs in with it" in taken.stderr) == (1, True)
    assert "sessions_ended: 0" in quyen("person", "unlink", "dev", *at).stdout
    assert quyen("person", "unlink", "dev", *at).exit_code == 1
    assert quyen("person", "unlink", "nobody", *at).exit_code == 1
    unsaid = quyen("person", "link", "dev", "--subject", "u-1")
    assert (unsaid.exit_code, "QUYEN_OIDC__ISSUER" in unsaid.stderr) == (1, True)


def test_an_app_without_a_secret_is_told_none(quyen: Quyen, app_file: Path) -> None:
    """A public app's registration prints no line for it, and null for programs."""
    add_people(quyen)
    app_file.write_text(
        APP.replace("kind: confidential", "kind: public").replace("dialect: zalo\n", ""), encoding="utf-8"
    )
    told = quyen("app", "register", "--file", str(app_file))
    assert told.exit_code == 0, told.output
    assert ("client_id: " in told.stdout, "client_secret" in told.stdout) == (True, False)
    assert parsed(quyen("app", "register", "--file", str(app_file), "--json"))["client_secret"] is None


@pytest.mark.parametrize(
    "before,after,sentence",
    [
        ("zalo.profile.read", "zalo.everything", "zalo.everything"),
        ("retention_days: 30", "retention_days: 99999", "retention_days"),
        ('name: "Công ty TNHH Sổ Bán Hàng (mẫu)", country', 'name: "các đối tác", country', "vague"),
        ("https://sobanhang.example/cb", "http://sobanhang.example/cb", "redirect"),
        ("https://sobanhang.example/cb", "javascript:alert(1)", "redirect"),
        ("dialect: zalo", "dialect: facebook", "facebook"),
        (", why_required: cần biết OA nào.", "", "why"),
        ("owner_login: dev", "owner_login: ops", "ops"),
        ("kind: confidential", "kind: public", "confidential"),
        ("domain:", "domains:", "domains"),
    ],
)
def test_a_bad_registration_is_refused_with_its_reason(
    quyen: Quyen, app_file: Path, before: str, after: str, sentence: str
) -> None:
    """Unknown scopes, open-ended retention, vague recipients and foreign redirects never become an app (R8)."""
    add_people(quyen)
    assert before in APP
    app_file.write_text(APP.replace(before, after), encoding="utf-8")
    result = quyen("app", "register", "--file", str(app_file))
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert parsed(quyen("app", "list", "--json")) == []


def test_the_documents_example_registers(quyen: Quyen, tmp_path: Path) -> None:
    """The file in docs/apps.md is taken as it stands, and `--help` leads to it."""
    (example,) = re.findall(r"```yaml\n(.*?)```", (VERIFY.parent / "apps.md").read_text(), re.DOTALL)
    (tmp_path / "app.yaml").write_text(example, encoding="utf-8")
    made = quyen(
        "person", "create", "--login", "lam-app", "--role", "developer", "--password-file", "-", stdin=PASSWORD
    )
    assert made.exit_code == 0, made.output
    done = parsed(quyen("app", "register", "--file", str(tmp_path / "app.yaml"), "--json"))
    assert done["client_secret"].startswith("qcs_")
    assert parsed(quyen("app", "list", "--json"))[0]["asks"] == [
        "zalo.profile.read#show_account",
        "zalo.follower.phone.read#order_notice",
        "zalo.message.send#order_notice",
    ]
    assert "docs/apps.md" in quyen("app", "register", "--help").stdout


def test_migrate_makes_the_folder_of_its_database(quyen: Quyen, env_file: Path, tmp_path: Path) -> None:
    """In an empty folder the README's commands work in their order."""
    database = tmp_path / "not" / "yet" / "quyen.db"
    env_file.write_text(env_file.read_text().replace(str(tmp_path / "quyen.db"), str(database)), encoding="utf-8")
    assert quyen("migrate").exit_code == 0
    assert database.exists()
    assert database.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_no_yaml_is_refused(quyen: Quyen, app_file: Path) -> None:
    """One sentence, no traceback."""
    app_file.write_text("a: [", encoding="utf-8")
    result = quyen("app", "register", "--file", str(app_file))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_secrets_rotate_and_apps_are_suspended_and_resumed(quyen: Quyen, app_file: Path) -> None:
    """Doing a thing twice is refused; an unknown app is not found."""
    client_id = register(quyen, app_file)["client_id"]
    assert "qcs_" in quyen("app", "rotate-secret", client_id).stdout
    assert quyen("app", "suspend", client_id, "--reason", "kiểm tra (mẫu)").exit_code == 0
    assert parsed(quyen("app", "list", "--json"))[0]["state"] == "suspended"
    assert quyen("app", "suspend", client_id, "--reason", "lần nữa").stderr.strip() == "nothing_to_change"
    assert quyen("app", "resume", client_id).exit_code == 0
    assert quyen("app", "resume", "app_nobody").stderr.strip() == "not_found"


def test_an_upstream_app_is_brought_and_taken_back(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """The secret comes from a file and is printed nowhere; what cannot be one is refused."""
    client_id = register(quyen, app_file)["client_id"]
    secret = tmp_path / "secret"
    secret.write_text("a-secret-of-the-isv\n", encoding="utf-8")
    whose = ("--platform", "zalo")
    bring = ("app", "bring-upstream", client_id, *whose, "--secret-file", str(secret), "--upstream-app")
    done = quyen(*bring, "2233445566778899001", "--json")
    assert parsed(done) == {"client_id": client_id, "platform": "zalo", "upstream_app": "2233445566778899001"}
    assert parsed(quyen("app", "list", "--json"))[0]["upstream_apps"] == {"zalo": "2233445566778899001"}
    assert quyen(*bring, "x").stderr.startswith("bad_arguments: upstream_app")
    secret.write_text("two words", encoding="utf-8")
    refused = quyen(*bring, "2233445566778899001")
    assert refused.stderr.startswith("bad_arguments: secret")
    assert "two words" not in refused.stderr
    assert "a-secret" not in quyen("log", "search", "--json").stdout + done.stdout
    assert quyen("app", "remove-upstream", client_id, *whose).exit_code == 0
    assert parsed(quyen("app", "list", "--json"))[0]["upstream_apps"] == {}
    assert quyen("app", "remove-upstream", client_id, *whose).stderr.strip() == "not_found"


def test_the_key_of_its_events_is_read_from_a_file(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """Said, kept where nothing is said of it, forgotten on demand; an empty file takes nothing away; shown nowhere."""
    client_id, secret, key = register(quyen, app_file)["client_id"], tmp_path / "secret", tmp_path / "key"
    secret.write_text("a-secret-of-the-isv\n", encoding="utf-8")
    key.write_text("khoa-su-kien\n", encoding="utf-8")
    bring = ["app", "bring-upstream", client_id, "--platform", "zalo", "--upstream-app", "2233445566778899001"]
    bring += ["--secret-file", str(secret)]
    done = [quyen(*bring, *more) for more in ((), ("--event-key-file", str(key)), ("--no-events",))]
    assert [each.exit_code for each in done] == [0, 0, 0]
    facts = [each["facts"].get("events") for each in parsed(quyen("log", "search", "--json")) if "facts" in each]
    assert facts[:3] == ["not_heard", "heard", None]
    assert "khoa-su-kien" not in quyen("log", "search", "--json").stdout + "".join(each.output for each in done)
    assert quyen(*bring, "--event-key-file", str(key), "--no-events").exit_code == 2
    key.write_text("\n", encoding="utf-8")
    empty = quyen(*bring, "--event-key-file", str(key))
    assert (empty.exit_code, "there is no key in it" in empty.stderr) == (1, True)
    key.write_text("hai tu", encoding="utf-8")
    odd = quyen(*bring, "--event-key-file", str(key))
    assert (odd.exit_code, odd.stderr.startswith("bad_arguments: event_key"), "hai tu" in odd.stderr) == (
        1,
        True,
        False,
    )


def test_the_log_says_who_suspended_and_why(quyen: Quyen, app_file: Path) -> None:
    """The command line stands as itself, and the reason that it asked for stands in the record."""
    client_id = register(quyen, app_file)["client_id"]
    assert quyen("app", "suspend", client_id, "--reason", "kiểm tra (mẫu)").exit_code == 0
    assert quyen("app", "resume", client_id).exit_code == 0
    resumed, suspended, *_ = parsed(quyen("log", "search", "--json"))
    assert (suspended["kind"], suspended["facts"]) == ("app_suspended", {"reason": "kiểm tra (mẫu)"})
    assert (resumed["kind"], resumed["facts"]) == ("app_resumed", {})
    assert {suspended["actor"], resumed["actor"]} == {"command-line quyen"}


def test_the_log_verifies_and_names_a_changed_record(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """One changed byte in the database: exit 1 and the record's id."""
    register(quyen, app_file)
    good = parsed(quyen("log", "verify", "--json"))
    assert (good["ok"], good["bad"]) == (True, [])
    rows = parsed(quyen("log", "search", "--json"))
    assert [row["seq"] for row in rows] == list(range(good["size"], 0, -1))
    with sqlite3.connect(tmp_path / "quyen.db") as connection:
        connection.execute("UPDATE ledger_records SET actor_id = actor_id || 'x' WHERE seq = 2")
    found = quyen("log", "verify", "--json")
    assert found.exit_code == 1
    assert {each["record_id"] for each in json.loads(found.stdout)["bad"]} == {rows[-2]["record_id"]}
    assert rows[-2]["record_id"] in quyen("log", "verify").stdout


def test_one_changed_byte_is_told_in_few_lines(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """The record is named; what follows from it in the tree is counted, and listed for programs alone."""
    register(quyen, app_file)
    for _ in range(5):
        assert quyen("app", "register", "--file", str(app_file)).exit_code == 0
    with sqlite3.connect(tmp_path / "quyen.db") as connection:
        connection.execute("UPDATE ledger_records SET canonical = substr(canonical, 1, 80) || x'00' WHERE seq = 2")
    told = quyen("log", "verify").stdout.splitlines()
    bad = parsed(quyen("log", "verify", "--json"), code=1)["bad"]
    following = [each for each in bad if each["follows"]]
    assert len(following) > 5
    assert len(told) == 2 + len(bad) - len(following) + 1
    assert told[-1].strip().startswith(f"and {len(following)} in the tree and its checkpoints")
    assert "None" not in "\n".join(told)
    assert all(each["record_id"] for each in bad if not each["follows"] and each["seq"])


def test_records_past_the_last_signature_are_counted(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """What no checkpoint signs yet is named in words and in JSON; it is no fault, so the exit code stays 0."""
    register(quyen, app_file)
    assert parsed(quyen("log", "verify", "--json"))["unsigned"] == 0
    assert "not signed" not in quyen("log", "verify").stdout
    (checkpoints,) = tmp_path.rglob("checkpoints.jsonl")
    lines = checkpoints.read_text(encoding="utf-8").splitlines(keepends=True)
    checkpoints.write_text("".join(lines[:-1]), encoding="utf-8")
    with sqlite3.connect(tmp_path / "quyen.db") as connection:
        connection.execute("DELETE FROM ledger_checkpoints WHERE size = (SELECT max(size) FROM ledger_checkpoints)")
    told = quyen("log", "verify")
    size = parsed(quyen("log", "verify", "--json"))["size"]
    assert told.exit_code == 0
    assert told.stdout.splitlines()[1:] == ["the log holds", f"1 record is not signed yet, from seq {size}"]
    assert parsed(quyen("log", "verify", "--json"))["unsigned"] == 1
    code, printed = verified_by_a_stranger(quyen, tmp_path)
    assert (code, f"records not signed yet: 1, from seq {size}\n" in printed) == (0, True), printed


def test_a_changed_record_is_listed_and_exported_as_changed(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """Bytes of another type stop neither the search nor the export, which is found bad."""
    register(quyen, app_file)
    with sqlite3.connect(tmp_path / "quyen.db") as connection:
        connection.execute("UPDATE ledger_records SET canonical = 'text', leaf_hash = 'text' WHERE seq = 2")
    assert [row["seq"] for row in parsed(quyen("log", "search", "--json")) if row["kind"] == "changed"] == [2]
    with sqlite3.connect(tmp_path / "quyen.db") as connection:
        connection.execute("UPDATE ledger_records SET at = 'now' WHERE seq = 1")
    assert ["at" in row for row in parsed(quyen("log", "search", "--json"))[-2:]] == [True, False]
    searched = quyen("log", "search")
    assert (searched.exit_code, "9000" in searched.stdout) == (0, False)
    exported = quyen("log", "export")
    assert exported.exit_code == 0
    assert b64encode(b"text").decode() in exported.stdout


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_parts SET name = {raw} WHERE rowid = (SELECT min(rowid) FROM ledger_parts)",
        "UPDATE ledger_records SET record_id = {raw} WHERE seq = 2",
    ],
)
def test_what_is_no_text_in_the_log_stops_no_command(quyen: Quyen, app_file: Path, tmp_path: Path, change: str) -> None:
    """Bytes, and text that is no UTF-8 or steers a terminal, where a name or id belongs: told, printed, exported."""
    register(quyen, app_file)
    for raw in ("x'ff'", "CAST(x'ff' AS TEXT)", "char(27) || '[2J'"):
        with sqlite3.connect(tmp_path / "quyen.db") as connection:
            assert connection.execute(change.format(raw=raw)).rowcount == 1
        assert parsed(quyen("log", "verify", "--json"), code=1)["bad"]
        assert "changed" in {row["kind"] for row in parsed(quyen("log", "search", "--json"))}
        for command in ("verify", "search", "export"):
            told = quyen("log", command)
            assert told.exit_code == int(command == "verify")
            assert isinstance(told.exception, SystemExit | None), told.exception
            assert "\x1b" not in told.stdout


def test_a_stranger_verifies_the_export(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """`docs/verify.py` needs the export and the keys as they are printed, nothing of ours."""
    register(quyen, app_file)
    code, printed = verified_by_a_stranger(quyen, tmp_path)
    assert (code, "not signed yet" in printed) == (0, False), printed
    checkpoint = quyen("log", "checkpoint")
    assert checkpoint.stdout.startswith("127.0.0.1:")
    assert [line.partition("+")[0].partition("/")[2] for line in checkpoint.stderr.splitlines()] == ["log", "receipts"]
    code, printed = verified_by_a_stranger(quyen, tmp_path, ('"bytes":"AQ', '"bytes":"AR'))
    assert code == 1, printed


def test_a_database_without_a_log_says_so(quyen: Quyen) -> None:
    """Before the first start there is nothing to verify, and nothing was signed."""
    assert quyen("migrate").exit_code == 0
    for command in (["log", "verify"], ["log", "checkpoint"], ["log", "export"]):
        assert quyen(*command).exit_code == 1


def test_settings_are_checked_and_printed_without_secrets(quyen: Quyen, env_file: Path) -> None:
    """`config print` stars what is secret; an unknown name is refused."""
    assert quyen("config", "check").exit_code == 0
    printed = quyen("config", "print", "--json").stdout
    assert MASTER_KEY not in printed
    assert "**" in printed
    env_file.write_text(env_file.read_text() + "\nQUYEN_NO_SUCH=1", encoding="utf-8")
    refused = quyen("config", "check")
    assert (refused.exit_code, refused.stderr.strip()) == (1, "QUYEN_NO_SUCH: no such setting")


def test_the_catalogue_is_listed_checked_and_written_out(quyen: Quyen) -> None:
    """Three commands that need no database."""
    assert "zalo.message.send" in {row["scope"] for row in parsed(quyen("scopes", "list", "--json"))}
    assert quyen("scopes", "check").exit_code == 0
    assert "zalo.message.send" in quyen("scopes", "docs").stdout


def test_healthcheck_fails_without_a_server(quyen: Quyen) -> None:
    """Nobody answers: 1."""
    result = quyen("healthcheck")
    assert (result.exit_code, result.stderr.startswith("no answer")) == (1, True)


@pytest.mark.parametrize("arguments", [["no-such"], ["app", "suspend"], ["restore"], ["person", "create"]])
def test_a_wrong_use_ends_with_two(quyen: Quyen, arguments: list[str]) -> None:
    """Usage errors are told apart from refusals."""
    result: Result = quyen(*arguments)
    assert result.exit_code == 2


def test_a_backup_is_put_back_and_the_log_goes_on(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """What came after the copy is gone, the log says so, and verifies."""
    register(quyen, app_file)
    copy = tmp_path / "copy.db"
    assert quyen("backup", str(copy)).exit_code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert quyen("backup", str(copy)).stderr.startswith("target_exists")
    register_again = quyen("app", "register", "--file", str(app_file))
    assert register_again.exit_code == 0
    restored = quyen("restore", str(copy))
    assert restored.exit_code == 0, restored.output
    assert restored.stdout.startswith("restored: 1 records of the log were lost")
    assert len(parsed(quyen("app", "list", "--json"))) == 1
    assert quyen("log", "verify").exit_code == 0
    newest = parsed(quyen("log", "search", "--json"))[0]
    assert (newest["kind"], newest["actor"]) == ("restored", "command-line quyen")
    assert list((tmp_path / "checkpoints").glob("before-restore-1.jsonl"))


def test_an_older_database_does_not_serve_until_someone_says_so(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """Put back by hand: every command that acts refuses, until `restore --in-place`."""
    register(quyen, app_file)
    copy = tmp_path / "copy.db"
    quyen("backup", str(copy))
    quyen("app", "register", "--file", str(app_file))
    for leftover in ("-wal", "-shm"):
        (tmp_path / f"quyen.db{leftover}").unlink(missing_ok=True)
    copy.replace(tmp_path / "quyen.db")
    refused = quyen("person", "role", "dev", "--role", "owner")
    assert refused.exit_code == 1
    assert "quyen restore --in-place" in refused.stderr
    assert quyen("restore", "--in-place").exit_code == 0
    assert quyen("person", "role", "dev", "--role", "owner").exit_code == 0


def test_a_file_that_is_no_backup_is_not_put_back(quyen: Quyen, app_file: Path, tmp_path: Path) -> None:
    """The database stays as it was."""
    register(quyen, app_file)
    strange = tmp_path / "strange.db"
    strange.write_bytes(b"not a database")
    assert quyen("restore", str(strange)).stderr.startswith("bad_backup")
    assert len(parsed(quyen("app", "list", "--json"))) == 1


async def _grant(env_file: Path) -> str:
    async with opened_house(read_settings(environment={}, env_file=env_file)) as house:
        scene = await set_scene(house, SystemClock())
        return str((await agree(scene)).grant_id)


def test_grants_are_listed_shown_and_withdrawn(quyen: Quyen, env_file: Path) -> None:
    """An operator sees what stands, and ends one ask or all of it; a second time there is nothing to end."""
    grant_id = asyncio.run(_grant(env_file))
    (row,) = parsed(quyen("grant", "list", "--json"))
    assert (row["grant_id"], row["live"], row["account"]) == (grant_id, 5, "zalo 4000000000000001")
    assert grant_id in quyen("grant", "list").stdout
    assert quyen("grant", "withdraw", grant_id, "--ask", "order_send").exit_code == 0
    shown = parsed(quyen("grant", "show", grant_id, "--json"))
    assert {each["ask"]: each["state"] for each in shown["permissions"]}["order_send"] == "withdrawn"
    assert "withdrawn" in quyen("grant", "show", grant_id).stdout
    assert quyen("grant", "withdraw", grant_id).exit_code == 0
    assert quyen("grant", "withdraw", grant_id).stderr.strip() == "nothing_to_change"
    assert quyen("grant", "show", "gr_nobody").exit_code == 1
    found = parsed(quyen("log", "search", "--grant", grant_id, "--json"))
    assert [each["kind"] for each in found] == ["withdrawn", "withdrawn", "decided"]
    assert quyen("log", "verify").exit_code == 0
