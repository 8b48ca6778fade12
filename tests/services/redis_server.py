"""A real Redis on a unix socket: nothing on disk, nobody else can reach it. Ready in 0.1 s."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from tests.services.child import Child, find_program, short_folder

START_SECONDS = 10


class RedisServer:
    """A running server; `child` may be stopped, paused or started anew by a fault test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket_path = folder / "redis.sock"
        self.url = f"unix://{self.socket_path}"
        self.child = self.start()

    def start(self) -> Child:
        """Start (again) on the same socket and wait until it answers."""
        argv = [find_program("redis-server"), "--port", "0", "--unixsocket", str(self.socket_path)]
        argv += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(self._folder)]
        self.child = Child(argv, self._folder)
        self.child.wait_until(self._is_answering, START_SECONDS)
        return self.child

    def clear(self) -> None:
        """Forget every key."""
        with Redis(unix_socket_path=str(self.socket_path)) as client:
            client.flushall()

    def _is_answering(self) -> bool:
        with Redis(unix_socket_path=str(self.socket_path), retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except RedisConnectionError:
                return False


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Yield one Redis for the whole run."""
    folder = short_folder("redis")
    server = None
    try:
        server = RedisServer(folder)
        yield server
    finally:
        if server is not None:
            server.child.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Return the URL of an empty Redis."""
    if not redis_server.child.is_alive():
        redis_server.start()
    redis_server.clear()
    return redis_server.url
