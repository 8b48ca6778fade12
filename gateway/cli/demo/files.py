"""The folder `.demo`: settings, keys, the sandbox's and the sample app's files, and `demo.json` for tools. All 0600."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from gateway.sandbox.kiotviet.seeds import SHOPS
from gateway.terms.entropy import Entropy
from gateway.terms.ids import base62

ZALO_APP = "360846524940903967"
"""The gateway's own app at the stand-in of Zalo."""
ZALO_MINI_APP = "1646200000000000038"
"""A Mini App of the same Zalo app there: it tells who takes their consent back in it."""
SHOP_KEYS = "kiotviet-keys.json"
"""The keys of the stand-in's shops: what an owner fills in to link one."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The demo's four ports in a row."""

    first: int

    @property
    def gateway(self) -> str:
        """Where people and OAuth are."""
        return f"http://127.0.0.1:{self.first}"

    @property
    def api(self) -> str:
        """Where calls go."""
        return f"http://127.0.0.1:{self.first + 1}"

    @property
    def sandbox(self) -> str:
        """Where the stand-ins of the platforms are."""
        return f"http://127.0.0.1:{self.first + 2}"

    @property
    def sample_app(self) -> str:
        """Where the sample app is."""
        return f"http://127.0.0.1:{self.first + 3}"


class DemoFolder:
    """The demo's files.

    Args:
        path: usually `.demo` in the working directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.env_file = self.path / "env"
        self.database = self.path / "quyen.db"
        self.summary = self.path / "demo.json"
        self.sandbox_config = self.path / "sandbox.json"
        self.sample_app_config = self.path / "sample-app.json"

    @property
    def is_seeded(self) -> bool:
        """Say whether an earlier start filled the demo to the end."""
        return self.summary.exists()

    def find_first_port(self) -> int | None:
        """Find the port that this folder was filled on: its apps' addresses lead there and nowhere else."""
        if not (self.path / "seeded.json").exists():
            return None
        callback = urlsplit(self.read_json("seeded.json")["apps"][0]["redirect_uris"][0])
        return None if callback.port is None else callback.port - 3

    def find_running(self) -> dict[str, int]:
        """Find the processes of the newest start that still run as ours, by name."""
        told = self.read_json("demo.json").get("processes", {}) if self.is_seeded else {}
        return {name: pid for name, pid in told.items() if _is_ours(pid)}

    def write(self, name: str, content: bytes) -> Path:
        """Write a file that only its owner can read, whole or not at all."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        aside = self.path / f"{name}.new"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return aside.rename(self.path / name)

    def write_json(self, name: str, value: Any) -> Path:
        """Write a JSON file, as `write` does."""
        return self.write(name, orjson.dumps(value, option=orjson.OPT_INDENT_2))

    def read_json(self, name: str) -> Any:
        """Read a JSON file."""
        return orjson.loads((self.path / name).read_bytes())


def _is_ours(pid: int) -> bool:
    """Say whether a process runs and is one of the demo's: its number may long be another's."""
    try:
        return b"gateway.cli.demo.child" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def list_warnings(folder: DemoFolder, state: Mapping[str, Any]) -> list[str]:
    """Say what a gateway that serves cannot vouch for: a log that was changed."""
    faults = state.get("faults", 0)
    if not faults:
        return []
    return [
        f"THE GRANT LOG DOES NOT VERIFY: nothing is signed any more. Faults: {faults}",
        f"  which they are: quyen --env-file {folder.env_file} log verify",
    ]


def prepare(folder: DemoFolder, ports: Ports, entropy: Entropy) -> None:
    """Write settings and the sandbox's file: the keys once, the addresses anew at each start."""
    made = {"master.key": urlsafe_b64encode(entropy.token(32)), "zalo-app.secret": random_word(entropy, 20).encode()}
    made |= {name: random_word(entropy, 20).encode() for name in ("zalo-oa.key", "zalo-mini-app.key")}
    for name, content in made.items():
        if not (folder.path / name).exists():
            folder.write(name, content)
    if not (folder.path / SHOP_KEYS).exists():
        folder.write_json(SHOP_KEYS, [_make_key(retailer, entropy) for retailer in SHOPS])
    folder.write("env", "\n".join(_settings(folder, ports)).encode() + b"\n")
    folder.write_json(
        "sandbox.json",
        {
            "listen": f"127.0.0.1:{ports.first + 2}",
            "zalo": {
                "app_id": ZALO_APP,
                "app_secret": (folder.path / "zalo-app.secret").read_text(),
                "callback_urls": [f"{ports.gateway}/connections/zalo/callback"],
                "login_callback_urls": [
                    f"{ports.gateway}/sign-in/zalo/callback",
                    f"{ports.gateway}/connections/zalosocial/callback",
                ],
                "webhook_url": f"{ports.api}/hooks/zalo/{ZALO_APP}",
                "oa_secret_key": (folder.path / "zalo-oa.key").read_text(),
                "mini_app_id": ZALO_MINI_APP,
                "mini_app_key": (folder.path / "zalo-mini-app.key").read_text(),
                "state_path": str(folder.path / "sandbox-zalo.state"),
            },
            "kiotviet": {
                "keys": folder.read_json(SHOP_KEYS),
                "state_path": str(folder.path / "sandbox-kiotviet.state"),
            },
        },
    )


def random_word(entropy: Entropy, length: int) -> str:
    """Return random letters and digits."""
    return base62(int.from_bytes(entropy.token(length)), length)[-length:]


def _make_key(retailer: str, entropy: Entropy) -> dict[str, str]:
    """Make a shop's key as the platform does: a GUID and 40 hexadecimal digits."""
    client_id, secret = UUID(bytes=entropy.token(16), version=4), entropy.token(20).hex().upper()
    return {"retailer": retailer, "client_id": str(client_id), "client_secret": secret}


def _settings(folder: DemoFolder, ports: Ports) -> list[str]:
    zalo, kiotviet = f"{ports.sandbox}/zalo", f"{ports.sandbox}/kiotviet"
    return [
        "# Settings of the demo; written anew at each start.",
        f"QUYEN_DATABASE_URL=sqlite+aiosqlite:///{folder.database}",
        f"QUYEN_PUBLIC_URL={ports.gateway}",
        f"QUYEN_API_URL={ports.api}",
        f"QUYEN_LISTEN=127.0.0.1:{ports.first}",
        f"QUYEN_API_LISTEN=127.0.0.1:{ports.first + 1}",
        f"QUYEN_MASTER_KEY_FILE={folder.path / 'master.key'}",
        "QUYEN_RECORD_RETENTION_DAYS=730",
        "QUYEN_CLIENT_REGISTRATION=true",
        "QUYEN_CLIENT_DOCUMENTS=true",
        "QUYEN_OPERATOR_NAME=Cổng Quyền chạy thử (mẫu)",
        "QUYEN_OPERATOR_CONTACT=Người phụ trách dữ liệu (mẫu)",
        "QUYEN_OPERATOR_EMAIL=dulieu@quyen.example",
        "QUYEN_AUTHORITY=Cơ quan do người vận hành khai báo (mẫu)",
        f"QUYEN_PLATFORM__ZALO__BASE_URL={zalo}",
        f"QUYEN_PLATFORM__ZALO__OAUTH_URL={zalo}",
        f"QUYEN_PLATFORM__ZALO__GRAPH_URL={zalo}",
        f"QUYEN_PLATFORM__ZALO__APP_ID={ZALO_APP}",
        f"QUYEN_PLATFORM__ZALO__APP_SECRET_FILE={folder.path / 'zalo-app.secret'}",
        f"QUYEN_PLATFORM__ZALO__OA_SECRET_KEY_FILE={folder.path / 'zalo-oa.key'}",
        f"QUYEN_PLATFORM__ZALO__MINI_APP_ID={ZALO_MINI_APP}",
        f"QUYEN_PLATFORM__ZALO__MINI_APP_KEY_FILE={folder.path / 'zalo-mini-app.key'}",
        f"QUYEN_PLATFORM__KIOTVIET__BASE_URL={kiotviet}",
        f"QUYEN_PLATFORM__KIOTVIET__OAUTH_URL={kiotviet}",
        f"QUYEN_ZALO_LOGIN__OAUTH_URL={zalo}",
        f"QUYEN_ZALO_LOGIN__GRAPH_URL={zalo}",
        f"QUYEN_ZALO_LOGIN__APP_ID={ZALO_APP}",
        f"QUYEN_ZALO_LOGIN__APP_SECRET_FILE={folder.path / 'zalo-app.secret'}",
    ]
