"""The command line on a gateway of its own, in a folder of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main
from tests.house import MASTER_KEY
from tests.services.child import free_port

APP = """
name: Sổ bán hàng (mẫu)
legal_entity: Công ty TNHH Sổ Bán Hàng (mẫu)
address: 1 Phố Mẫu (mẫu)
contact: dulieu@sobanhang.example
domain: sobanhang.example
country: VN
owner_login: dev
kind: confidential
dialect: zalo
reviewed: true
redirect_uris: ["https://sobanhang.example/cb"]
asks:
- id: oa_profile
  scope: zalo.profile.read
  purpose: shop
  required: true
  retention_days: 30
  recipients: [{name: "Công ty TNHH Sổ Bán Hàng (mẫu)", country: VN}]
  vi: {purpose: hiện tên OA., refusal_effect: không nối được OA., why_required: cần biết OA nào.}
  en: {purpose: show the name., refusal_effect: cannot connect., why_required: which OA it is.}
"""

Quyen = Callable[..., Result]


def write_settings(folder: Path) -> Path:
    """Write settings whose gateway lives in `folder`, and return their file."""
    ports = free_port(), free_port()
    lines = [
        f"QUYEN_DATABASE_URL=sqlite+aiosqlite:///{folder / 'quyen.db'}",
        f"QUYEN_PUBLIC_URL=http://127.0.0.1:{ports[0]}",
        f"QUYEN_API_URL=http://127.0.0.1:{ports[1]}",
        f"QUYEN_LISTEN=127.0.0.1:{ports[0]}",
        f"QUYEN_API_LISTEN=127.0.0.1:{ports[1]}",
        f"QUYEN_MASTER_KEY={MASTER_KEY}",
        "QUYEN_RECORD_RETENTION_DAYS=730",
    ]
    path = folder / "env"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def quyen_on(env_file: Path) -> Quyen:
    """Return a caller of the command line on these settings, as a shell would."""

    def call(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(main, ["--env-file", str(env_file), *arguments], input=stdin)

    return call


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """Return a file of settings whose gateway lives in this test's folder."""
    return write_settings(tmp_path)


@pytest.fixture
def quyen(env_file: Path) -> Quyen:
    """Return a caller of the command line on this test's gateway."""
    return quyen_on(env_file)


@pytest.fixture
def app_file(tmp_path: Path) -> Path:
    """Return a registration."""
    path = tmp_path / "app.yaml"
    path.write_text(APP, encoding="utf-8")
    return path


def parsed(result: Result, code: int = 0) -> Any:
    """Return what a command printed as JSON, ending with this code."""
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)
