"""The key that a caller of the OAuth endpoints proves beside everything else (RFC 9449)."""

from aiohttp import web

from gateway.authority.freshness import Freshness
from gateway.authority.proofs import read_proof
from gateway.doors.oauth.door import OAuthDoor
from gateway.terms.refusal import Refusal


async def find_proven_key(door: OAuthDoor, request: web.Request) -> str | None:
    """Return the thumbprint of the key that the request proves; None where it brings no proof.

    Raises:
        Refusal: `invalid_dpop_proof`; `use_dpop_nonce`, with the nonce to use.
    """
    raw_proofs = request.headers.getall("DPoP", [])
    if not raw_proofs:
        return None
    url = f"{door.issuer}{request.path}"
    proof = read_proof(raw_proofs, method=request.method, url=url, now=door.house.clock.now())
    claimed = await door.proofs.claim(proof.nonce, proof.digest)
    if claimed.freshness is Freshness.STALE:
        raise Refusal("use_dpop_nonce", "make the proof with the nonce of this answer", dpop_nonce=claimed.nonce)
    if claimed.freshness is Freshness.SEEN:
        raise Refusal("invalid_dpop_proof", "the proof was used before")
    return proof.thumbprint
