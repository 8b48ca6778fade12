"""The container: what the Dockerfile promises, and its command run as it would be there.

No container engine is needed: a mount namespace gives a read-only root, and the process runs as the image's user.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, list_files
from tests.architecture.wheel import build_wheel, install_wheel

UID = 10001
PYTHON = f"/mnt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
LIBRARIES = Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
# The interpreter and its libraries are mounted too: their own place may be closed to others (a home folder).
# $1 root of the container, $2 what is installed, $3 the interpreter's home, $4 the libraries' home; then the command.
ENTER = """
set -eu
PATH=$PATH:/usr/sbin:/sbin
root=$1 stage=$2 python=$3 venv=$4; shift 4
mount --make-rprivate /
mount --bind / "$root"
mount --bind /dev "$root/dev"
mount --bind "$stage" "$root/mnt"
mount --bind "$python" "$root/mnt/python"
mount --bind "$venv" "$root/mnt/venv"
for place in "$root/mnt/python" "$root/mnt/venv" "$root/mnt" "$root"; do mount -o remount,bind,ro "$place"; done
cd /
exec setpriv --no-new-privs chroot --userspec=10001:10001 --groups= "$root" "$@"
"""
ENVIRONMENT = ["PATH=/usr/bin:/bin", "PYTHONHOME=/mnt/python", f"PYTHONPATH=/mnt/app:/mnt/venv/{LIBRARIES}"]
ENVIRONMENT += ["LD_LIBRARY_PATH=/mnt/python/lib"]  # an interpreter built with a shared library


def read_instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, continuation lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def last_stage() -> dict[str, str]:
    """Return what the final stage says last about each instruction."""
    instructions = read_instructions()
    start = max(number for number, (word, _) in enumerate(instructions) if word == "FROM")
    return dict(instructions[start:])


def test_the_image_runs_as_nobody_special() -> None:
    """The final stage ends as a numeric user that is not root, and so Kubernetes can check runAsNonRoot."""
    assert last_stage()["USER"] == f"{UID}:{UID}"


def test_the_image_serves_and_knows_its_health() -> None:
    """The entry is `quyen`, by default it serves, and health is asked of the program itself, without a shell."""
    final = last_stage()
    assert json.loads(final["ENTRYPOINT"]) == ["quyen"]
    assert json.loads(final["CMD"]) == ["serve"]
    assert json.loads(final["HEALTHCHECK"].partition("CMD ")[2]) == ["quyen", "healthcheck"]


def test_the_image_holds_no_compiler_and_no_sources() -> None:
    """There are two stages; the second takes only the finished environment from the first."""
    words = [word for word, _ in read_instructions()]
    assert words.count("FROM") == 2
    assert last_stage()["COPY"] == "--from=build /opt/quyen /opt/quyen"


def test_every_installation_is_pinned_or_offline() -> None:
    """Each pip command of the build checks hashes, or may not ask any index."""
    steps = [step for word, rest in read_instructions() if word == "RUN" for step in rest.split("&&")]
    installs = [shlex.split(step) for step in steps if re.search(r"pip (install|wheel)", step)]
    assert len(installs) == 4
    assert [step for step in installs if "--require-hashes" not in step and "--no-index" not in step] == []


def test_what_the_build_copies_exists_and_is_let_in() -> None:
    """Each path copied from the tree stands in it and is excepted from .dockerignore's `*`."""
    copies = [shlex.split(rest)[:-1] for word, rest in read_instructions() if word == "COPY" and "--from" not in rest]
    let_in = (ROOT / ".dockerignore").read_text().split()
    known = [file.path for file in list_files()]
    for path in (path for paths in copies for path in paths):
        assert any(name == path or name.startswith(f"{path}/") for name in known), path
        assert f"!{path}" in let_in


class Container:
    """Runs commands as the image would: its user, a root that cannot be written, only what is installed."""

    def __init__(self, root: Path, stage: Path) -> None:
        self._root = root
        self._stage = stage

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        homes = [str(self._root), str(self._stage), sys.base_prefix, sys.prefix]
        enter = ["unshare", "--mount", "sh", "-c", ENTER, "enter", *homes, "env", "-i", *ENVIRONMENT]
        return subprocess.run([*enter, *argv], capture_output=True, text=True, timeout=60, check=False)

    def quyen(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the image's entry point inside."""
        return self.run(PYTHON, "/mnt/app/bin/quyen", *arguments)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Install the wheel as the image's build does."""
    if os.geteuid() != 0:
        pytest.skip("a mount namespace with a read-only root needs root; the build machine has it")
    folder = tmp_path_factory.mktemp("container")
    root, stage = folder / "root", folder / "stage"
    root.mkdir()
    for name in ("python", "venv"):
        (stage / name).mkdir(parents=True)
    install_wheel(build_wheel(folder), stage / "app")
    return Container(root, stage)


def test_inside_nothing_can_be_written(container: Container) -> None:
    """The control: the process has the image's user, finds the wheel's code, and can write nowhere, not in /tmp."""
    script = "import gateway, os; print(os.getuid(), gateway.__file__)"
    seen = container.run(PYTHON, "-c", script)
    assert seen.stdout.split() == [str(UID), "/mnt/app/gateway/__init__.py"], seen.stderr
    for place in ("/mnt/app/x", "/tmp/x", "/var/tmp/x"):
        refused = container.run("touch", place)
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stderr


def test_the_command_runs_on_a_read_only_root(container: Container) -> None:
    """`quyen --help` needs no home, no cache and no right to write."""
    told = container.quyen("--help")
    assert told.returncode == 0, told.stderr
    assert "serve" in told.stdout


def test_health_of_nothing_is_bad_health(container: Container) -> None:
    """`quyen healthcheck` with no server behind it says so and exits 1, without a traceback."""
    told = container.quyen("healthcheck")
    assert told.returncode == 1
    assert told.stderr
    assert "Traceback" not in told.stderr
