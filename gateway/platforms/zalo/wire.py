"""What Zalo's hosts have in common: how a token is spelled, an error code, and the proof beside a token."""

import hashlib
import hmac
import re
from typing import Any

import orjson

ME = "/v2.0/me"
"""Where the Social API says whose a token is."""
TOKEN = re.compile(r"[!-~]{1,4096}")


def proof_of(app_secret: str, access_token: str) -> str:
    """Return `appsecret_proof`: whoever sends this token is the app itself."""
    return hmac.digest(app_secret.encode(), access_token.encode(), hashlib.sha256).hex()


def read_code(raw_code: object) -> int:
    """Return the error code, which is a number or its spelling; 1, which Zalo never answers, for anything else."""
    try:
        return int(raw_code) if isinstance(raw_code, str | int) else 1
    except ValueError:
        return 1


def read_envelope(body: bytes) -> dict[str, Any] | None:
    """Read the object that every answer is; None where it is none."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None
