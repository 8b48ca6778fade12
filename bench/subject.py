"""The subject: a gateway of its own, with one owner, one account and one app that holds a token for everything."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

import scopes
from bench.oauth import FAMILIES
from gateway.acts.open_request import Asked, open_request
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.session import open_session
from gateway.server.house import opened_house
from gateway.settings import Settings
from gateway.terms.clock import SystemClock
from tests.house import CHALLENGE, MASTER_KEY, REDIRECT_URI, VERIFIER, Scene, agree, set_scene
from tests.services.child import free_port

CATALOGUE = Path(scopes.__file__).parent / "catalogue"
_BUDGET = re.compile(r"^budget: \{calls: \d+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the load needs: ports, a token, a signed-in session, requests to show, grants to withdraw."""

    public_port: int
    api_port: int
    raw_token: str
    raw_session: str
    request_ids: tuple[str, ...]
    grant_id: str
    client: tuple[str, str]
    refresh_tokens: tuple[str, ...]


def write_catalogue(folder: Path) -> Path:
    """Write the catalogue without the platforms' limits: a load that they hold back measures nothing."""
    written = folder / "catalogue"
    written.mkdir(exist_ok=True)
    for source in CATALOGUE.glob("*.yaml"):
        (written / source.name).write_text(_BUDGET.sub("budget: {calls: 100000000", source.read_text("utf-8")), "utf-8")
    return written


def settings_for(folder: Path, upstream: int, ports: tuple[int, int]) -> dict[str, str]:
    """Return the gateway's settings, with the fixed upstream in Zalo's place."""
    zalo = f"http://127.0.0.1:{upstream}"
    return {
        "QUYEN_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'quyen.db'}",
        "QUYEN_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "QUYEN_API_URL": f"http://127.0.0.1:{ports[1]}",
        "QUYEN_LISTEN": f"127.0.0.1:{ports[0]}",
        "QUYEN_API_LISTEN": f"127.0.0.1:{ports[1]}",
        "QUYEN_MASTER_KEY": MASTER_KEY,
        "QUYEN_RECORD_RETENTION_DAYS": "730",
        "QUYEN_CATALOGUE": str(write_catalogue(folder)),
        "QUYEN_PLATFORM__ZALO__BASE_URL": zalo,
        "QUYEN_PLATFORM__ZALO__OAUTH_URL": zalo,
        "QUYEN_PLATFORM__ZALO__APP_ID": "1",
        "QUYEN_PLATFORM__ZALO__APP_SECRET": "bench",
    }


async def prepare(settings: Settings, ports: tuple[int, int], pages: int) -> Subject:
    """Fill the database by the acts themselves: people, apps, a grant, `pages` open requests."""
    async with opened_house(settings) as house:
        scene: Scene = await set_scene(house, SystemClock())
        given = [await _given(scene) for _ in range(FAMILIES)]
        grant_id, answer = given[0]
        names = tuple(ask.id for ask in scene.asks)
        asked = Asked(scene.app.id, names, REDIRECT_URI, "s", CHALLENGE)
        requests = [(await open_request(house, asked)).id for _ in range(pages)]
        session = await open_session(house, scene.owner.id)
        client = (str(scene.app.id), scene.raw_secret)
        tokens = tuple(each["refresh_token"] for _, each in given)
        return Subject(*ports, answer["access_token"], session, tuple(requests), grant_id, client, tokens)


async def _given(scene: Scene) -> tuple[str, dict[str, str]]:
    """Let the owner agree and the app redeem; a second time it is another family of the same grant."""
    decided = await agree(scene)
    redemption = Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI)
    answer: dict[str, str] = orjson.loads(await redeem(scene.house, redemption))
    return str(decided.grant_id), answer


@contextmanager
def running_gateway(folder: Path, upstream: int, pages: int) -> Iterator[tuple[Subject, int]]:
    """Run the gateway; yield what the load needs and its process id."""
    from gateway.settings import read_settings

    ports = free_port(), free_port()
    values = settings_for(folder, upstream, ports)
    env_file = folder / "env"
    env_file.write_text("\n".join(f"{name}={value}" for name, value in values.items()))
    subject = asyncio.run(prepare(read_settings(environment={}, env_file=env_file), ports, pages))
    process = subprocess.Popen([sys.executable, "-m", "gateway.cli", "--env-file", str(env_file), "serve"])
    try:
        yield subject, process.pid
    finally:
        process.terminate()
        process.wait(30)
