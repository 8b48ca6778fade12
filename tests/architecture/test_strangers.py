"""Nothing in the tree names where packages came from or the machine that it was written on."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import Source, list_breaches, list_files

# Written in halves, so that this file does not name what it forbids.
HOSTS = ["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", "deb" + r"\.debian\.org"]
HOSTS += ["golang" + r"\.org/dl", "proxy" + r"\.golang\.org", "crates" + r"\.io", "repo1?" + r"\.maven\.org"]
HOST = re.compile("|".join(HOSTS), re.IGNORECASE)
PLACE = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+|Users/\w+|tmp/[\w-]+)/")


def check_strangers(file: Source) -> Iterator[str]:
    """Refuse a registry's host and a path of somebody's machine."""
    for number, line in enumerate(file.text.splitlines(), start=1):
        host, place = HOST.search(line), PLACE.search(line)
        if host:
            yield f"line {number} names {host.group()}"
        if place:
            yield f"line {number} names {place.group()}"


def test_no_file_names_a_registry_or_a_machine() -> None:
    """No file names a registry's host or a path of the machine that it was written on."""
    assert list_breaches(check_strangers, list_files()) == []


@pytest.mark.parametrize(
    "line",
    ["--index-url https://" + "py" + "pi.org/simple", "see " + "/ro" + "ot/notes", "cd " + "/ho" + "me/an/quyen"],
)
def test_the_rule_bites(line: str) -> None:
    """A lock file with its registry, and paths of a machine, are found."""
    assert list(check_strangers(Source("requirements.lock", line))) != []


def test_the_rule_lets_urls_pass() -> None:
    """A path within a URL or a word is no path of a machine."""
    assert list(check_strangers(Source("docs/x.md", "https://example.com/work/x and ./work/x and network/root/"))) == []
