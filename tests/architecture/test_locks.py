"""What is installed is pinned, hashed and what pyproject.toml asks for."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-build.lock",
    "requirements-synapse.lock",
    "requirements-kiotviet-client.lock",
]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def read_pins(lock: str) -> dict[str, str]:
    """Return name to version, as pinned in a lock file."""
    return {canonicalize_name(name): version for name, version in PIN.findall((ROOT / lock).read_text())}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes(lock: str) -> None:
    """Each entry is one exact version with at least one SHA-256; there is no URL, no option, no editable path."""
    entries = re.sub(r"\\\n", " ", re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)).splitlines()
    assert entries
    odd = [
        line for line in entries if not re.match(r"^[\w.-]+==\S+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+$", line)
    ]
    assert odd == []


@pytest.mark.parametrize("extra,lock", [("", "requirements.lock"), ("dev", "requirements-dev.lock")])
def test_the_lock_is_not_stale(extra: str, lock: str) -> None:
    """Each dependency that pyproject.toml declares is pinned to a version that it accepts; if not: `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    pins = read_pins(lock)
    for requirement in map(Requirement, declared):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_development_runs_what_production_runs() -> None:
    """Where both lock files name a package they name the same version."""
    production, development = read_pins("requirements.lock"), read_pins("requirements-dev.lock")
    assert {name: development.get(name) for name in production} == production
