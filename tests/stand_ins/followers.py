"""A platform that calls everyone of age, for tests that are not about age: the rest of the asking is the real one."""

from collections.abc import Collection

from aiohttp import ClientSession, DummyCookieJar

from gateway.platforms import Credential
from gateway.platforms.zalo.connector import ZaloUpstream
from gateway.platforms.zalo.followers import ZaloFollower, ZaloFollowers

NOWHERE = "http://127.0.0.1:9"


class GrownUps(ZaloFollowers):
    """Says of everybody but `minors` that they are of age; notes whom it was asked about.

    Args:
        http: never used.
        upstream_app: the app that the asked accounts are linked by.
        minors: those who are not.
    """

    def __init__(self, http: ClientSession, upstream_app: str, minors: Collection[str] = ()) -> None:
        super().__init__(ZaloUpstream(NOWHERE, NOWHERE, upstream_app, "x", NOWHERE), http)
        self.minors, self.asked = minors, list[str]()

    async def find_follower(self, credential: Credential, subject_id: str) -> ZaloFollower | None:
        """Find anybody."""
        self.asked.append(subject_id)
        return ZaloFollower(None, subject_id not in self.minors)


def open_nowhere() -> ClientSession:
    """Return a session as connectors want it."""
    return ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False)
