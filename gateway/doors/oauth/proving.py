"""The key that a caller of the OAuth endpoints proves beside everything else (RFC 9449)."""

from aiohttp import web

from gateway.authority.possession import claim_fresh
from gateway.authority.proofs import read_proof
from gateway.doors.oauth.door import OAuthDoor


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
    await claim_fresh(door.proofs, proof, detail="make the proof with the nonce of this answer")
    return proof.thumbprint
