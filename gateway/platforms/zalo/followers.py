"""Who of an OA's followers a person is: Zalo knows them by one id to the OA, and by another to the app's sign-in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import ClientSession, DummyCookieJar

from gateway.platforms import Credential, Trouble
from gateway.platforms.exchange import exchange
from gateway.platforms.zalo.connector import PLATFORM, TROUBLES, ZaloUpstream
from gateway.platforms.zalo.login import login_issuer
from gateway.platforms.zalo.wire import proof_of, read_code
from gateway.terms.refusal import Refusal, Unavailable

_OK = 200
_ID = re.compile(r"[1-9][0-9]{0,31}")


@dataclass(frozen=True, slots=True)
class ZaloFollower:
    """What is told of one follower: by which id they sign in, if it is told, and whether they are said to be of age."""

    login_subject: str | None
    is_of_age: bool


class ZaloFollowers:
    """Asks the OA's own connection which person a follower is.

    Args:
        upstream: where Zalo is, and the app whose connections and sign-in these are: to another app, ids are others.
        http: keeps no cookies; closed by whoever opened it.
        hears: Zalo tells this gateway events, so that whoever writes to an OA is known afterwards.

    Raises:
        TypeError: the session keeps cookies.
    """

    platform = PLATFORM

    def __init__(self, upstream: ZaloUpstream, http: ClientSession, *, hears: bool = False) -> None:
        if not isinstance(http.cookie_jar, DummyCookieJar):
            raise TypeError("a connector's session keeps no cookies")
        self._upstream, self._http, self.hears = upstream, http, hears

    @property
    def issuer(self) -> str:
        """Of the sign-in whose subjects are compared."""
        return login_issuer(self._upstream.app_id)

    @property
    def upstream_app(self) -> str:
        """The app that a connection must be of, for its ids to be those of the sign-in."""
        return self._upstream.app_id

    async def find_follower(self, credential: Credential, subject_id: str) -> ZaloFollower | None:
        """Find a follower; None where the OA knows no such one. Who is not plainly called no minor is not of age.

        Raises:
            Refusal: `platform_refused`, with the `trouble` that it has with the OA's credential.
            Unavailable: no answer in bound, or none of this form.
        """
        if _ID.fullmatch(subject_id) is None:
            return None
        asked = quote(json.dumps({"user_id": subject_id}, separators=(",", ":")))
        url = f"{self._upstream.base_url}/v3.0/oa/user/detail?data={asked}"
        status, answer = await exchange(self._http, url, self._headers(credential), platform=PLATFORM)
        code = read_code(answer.get("error"))
        trouble = TROUBLES.get(code)
        if trouble is not None and trouble is not Trouble.LIMITED:
            raise Refusal("platform_refused", log_detail=f"user/detail answered {code}", trouble=trouble)
        if status != _OK or trouble is Trouble.LIMITED:
            raise Unavailable(PLATFORM)
        found = answer.get("data") if code == 0 else None
        if not isinstance(found, dict) or str(found.get("user_id")) != subject_id:
            return None
        subject = found.get("user_id_by_app")
        login_subject = subject if isinstance(subject, str) and _ID.fullmatch(subject) else None
        return ZaloFollower(login_subject, found.get("is_sensitive") is False)

    def _headers(self, credential: Credential) -> Mapping[str, str]:
        token = credential.access_token
        return {"access_token": token, "appsecret_proof": proof_of(self._upstream.app_secret, token)}
