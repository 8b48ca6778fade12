"""A file of consents: what spreadsheets write, and every fault by its line and column."""

from io import BytesIO

import pytest

from gateway.cli import consent_file
from gateway.cli.consent_file import COLUMNS, NEEDED, Fault, read_consents

HEADER = "platform,account,person,app,ask,evidence,agreed_at,ends_at,duration"
GOOD = "zalo,4000000000000001,9101,giao-tan-nha,crm_name,HĐ 12 (mẫu),2026-01-05,2026-12-31,"


def read(*lines: str, ending: str = "\r\n") -> tuple[list[str], list[str]]:
    """Read a file of these lines; return the people of its good rows, and its faults."""
    found = read_consents(BytesIO(ending.join(lines).encode()))
    return [row["person"] for row in found.list_rows(found.rows)], [str(each) for each in found.faults]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("sign", [",", ";"])
def test_what_spreadsheets_write_is_read(mark: str, ending: str, sign: str) -> None:
    """Mark or none, either end of line, commas or a Vietnamese machine's semicolons: one meaning, in NFC."""
    decomposed = "He\u0323\u0302 thống (mẫu), tờ 3"
    row = ["zalo", " 4000000000000001 ", "9101", "giao-tan-nha", "crm_name", f'"{decomposed}"', "5/1/2026", "", "P30D"]
    text = mark + ending.join([sign.join(HEADER.split(",")), "", sign.join(row), ""])
    found = read_consents(BytesIO(text.encode()))
    assert found.faults == []
    (line,) = found.rows
    assert line == 3
    assert found.list_rows([3]) == [
        {
            "platform": "zalo",
            "account": "4000000000000001",
            "person": "9101",
            "app": "giao-tan-nha",
            "ask": "crm_name",
            "evidence": "Hệ thống (mẫu), tờ 3",
            "agreed_at": "2026-01-05",
            "duration": "P30D",
        }
    ]


def test_columns_stand_in_any_order_and_some_may_be_left_out() -> None:
    """The header says which is which, in whatever case; what is not needed need not be there."""
    assert set(NEEDED) == {"platform", "account", "person", "app", "ask", "agreed_at"}
    lines = ("Ask,App,PERSON,account,platform,agreed_at,duration", "crm_name,a,1,2,zalo,2026-01-05,P1D")
    assert read(*lines) == (["1"], [])


@pytest.mark.parametrize(
    "change,fault",
    [
        (("2026-01-05", "5.1.2026"), "line 2, agreed_at: a day is written 2026-01-05 or 05/01/2026"),
        (("2026-01-05", "31/02/2026"), "line 2, agreed_at: a day is written 2026-01-05 or 05/01/2026"),
        (("2026-01-05", "2026-01-05T10:00"), "line 2, agreed_at: a day is written 2026-01-05 or 05/01/2026"),
        (("2026-01-05", "20260105"), "line 2, agreed_at: a day is written 2026-01-05 or 05/01/2026"),
        (("2026-12-31", "hè"), "line 2, ends_at: a day is written 2026-01-05 or 05/01/2026"),
        (("zalo", "kiotviet"), "line 2, platform: Input should be 'zalo'"),
        ((",9101,", ",,"), "line 2, person: stands empty"),
        ((",9101,", ",1.23E+18,"), "line 2, person: a spreadsheet rounded this id: make the column text"),
        (("4000000000000001", "4,62E+18"), "line 2: 10 cells are not as many as the header names"),
        (("4000000000000001", '"4,62E+18"'), "line 2, account: a spreadsheet rounded this id: make the column text"),
        ((",9101,", ",khách một,"), "line 2, person: String should match pattern"),
        (("HĐ 12 (mẫu)", "x" * 201), "line 2, evidence: String should have at most 200 characters"),
        (("HĐ 12 (mẫu)", "HĐ\u202e12"), "line 2, evidence: signs that hide, reorder or break a line are refused"),
        (("HĐ 12 (mẫu)", '"hai\ndòng"'), "line 2, evidence: signs that hide, reorder or break a line are refused"),
        (("HĐ 12 (mẫu)", "<b>"), "line 2, evidence: markup is refused"),
        (("2026-12-31,", "2026-12-31,P2D"), "line 2, duration: Input should be 'P1D', 'P30D'"),
        (("2026-12-31,", "2026-12-31"), "line 2: 8 cells are not as many as the header names"),
        (("HĐ 12 (mẫu)", 'HĐ "12'), ""),
        (("HĐ 12 (mẫu)", '"HĐ'), "line 2: no CSV: unexpected end of data"),
        (("HĐ 12 (mẫu)", '"HĐ"12'), "line 2: no CSV: ',' expected after '\"'"),
        (("HĐ 12 (mẫu)", "HĐ\x0012"), "line 2"),
    ],
)
def test_a_fault_is_told_by_line_and_column(change: tuple[str, str], fault: str) -> None:
    """One thing wrong, one fault, and that row is none."""
    people, faults = read(HEADER, GOOD.replace(*change, 1))
    assert people == ([] if fault else ["9101"])
    assert len(faults) == bool(fault)
    assert all(each.startswith(fault) for each in faults)


def test_every_fault_is_told_at_once() -> None:
    """Each of several in a row, and in several rows; good rows between them keep their lines."""
    other = GOOD.replace("9101", "9102")
    bad = "zalo,,9103,,crm_name,,hôm qua,,"
    people, faults = read(HEADER, bad, GOOD, "", other, GOOD)
    assert people == ["9101", "9102", "9101"]
    assert [each.partition(":")[0] for each in faults] == [
        "line 2, account",
        "line 2, app",
        "line 2, agreed_at",
        "line 6, person",
    ]
    assert faults[-1].endswith("this person, app and ask stand in line 3 already")


def test_lines_are_counted_as_they_stand_in_the_file() -> None:
    """A cell over two lines moves what comes after it."""
    people, faults = read(HEADER, GOOD.replace("HĐ 12 (mẫu)", '"a\nb"'), "zalo", ending="\n")
    assert people == []
    assert [each.partition(":")[0] for each in faults] == ["line 2, evidence", "line 4"]


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would stand in memory whole; one byte less is read."""
    content = f"{HEADER}\n{GOOD}".encode()
    monkeypatch.setattr(consent_file, "LIMIT_BYTES", len(content))
    assert read_consents(BytesIO(content)).faults == []
    larger = BytesIO(content + b"\n" * 9)
    assert read_consents(larger).faults == [Fault(1, "", "larger than 0 MiB: bring it in as several files")]
    assert larger.tell() == len(content) + 1


@pytest.mark.parametrize(
    "content,fault",
    [
        (b"", Fault(1, "", "the file holds no row")),
        (HEADER.encode(), Fault(1, "", "the file holds no row")),
        ((HEADER + "\n" + GOOD).encode("utf-16"), Fault(1, "", "not UTF-8: save it as CSV UTF-8")),
        ((HEADER + "\n" + GOOD).encode("utf-8") + b"\n\xe9", Fault(3, "", "not UTF-8: save it as CSV UTF-8")),
        (b"\nplatform,person,person\n", None),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, fault: Fault | None) -> None:
    """Empty, in another coding, without its columns."""
    found = read_consents(BytesIO(content))
    assert found.rows == {}
    if fault is not None:
        assert found.faults == [fault]
        return
    (wrong,) = found.faults
    assert wrong.line == 2
    for word in ("the column account is missing", "the column person stands twice"):
        assert word in wrong.fault


def test_an_unknown_column_is_named() -> None:
    """Nothing is passed over in silence."""
    _, (fault,) = read(HEADER + ",ghi chú", GOOD + ",x")
    assert fault == "line 1: no column is named ghi chú"


def test_a_file_s_id_follows_from_its_bytes() -> None:
    """The same file is the same import; a changed one is another; the columns are those of the paper."""
    one, again, other = (read_consents(BytesIO(each)).id for each in (b"a", b"a", b"b"))
    assert one == again != other
    assert tuple(HEADER.split(",")) == COLUMNS
