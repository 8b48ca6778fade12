"""`make demo-reset` takes the folder of no demo that runs."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "tools" / "demo_reset.sh"
SLEEP = "print(flush=True); import time; time.sleep(60)"


def reset(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as `make demo-reset` does."""
    return subprocess.run([SCRIPT], cwd=folder, capture_output=True, text=True, check=False)


def test_a_demo_that_runs_is_not_forgotten(tmp_path: Path) -> None:
    """Its files stay and it is named; another folder's demo is another matter; once it has ended they go."""
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder in (mine, other):
        (folder / ".demo").mkdir(parents=True)
        (folder / ".demo" / "quyen.db").touch()
    command = [sys.executable, "-c", SLEEP, "gateway.cli.demo.child", "--config", f"{mine}/.demo/sandbox.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        refused, done = reset(mine), reset(other)
        child.kill()
    assert (refused.returncode, done.returncode) == (1, 0)
    assert "the demo still runs" in refused.stderr
    assert f"kill {child.pid}" in refused.stderr
    assert (mine / ".demo" / "quyen.db").exists()
    assert not (other / ".demo").exists()
    assert reset(mine).returncode == 0
    assert not (mine / ".demo").exists()
    assert reset(mine).returncode == 0
