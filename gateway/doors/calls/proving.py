"""Whether a call may use its token (RFC 9449): a bound one only with a fresh proof of its key, another as bearer."""

from gateway.authority.facts import TokenFacts
from gateway.authority.freshness import Freshness
from gateway.authority.proofs import check_token_hash, read_proof
from gateway.doors.calls.credentials import Presented
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.head import Head
from gateway.doors.calls.schemes import Scheme
from gateway.terms.refusal import Refusal


async def check_possession(door: CallsDoor, head: Head, presented: Presented, facts: TokenFacts) -> None:
    """Check that the caller holds the key that the token is bound to.

    Raises:
        Refusal: `invalid_token` (the token is of the other kind), `invalid_dpop_proof`, `use_dpop_nonce`.
    """
    if (facts.jkt is None) is (presented.scheme is Scheme.DPOP):
        raise Refusal("invalid_token", log_detail="a bound token as bearer, or a bearer token as bound")
    if facts.jkt is None:
        return
    raw_proofs = head.headers.get("dpop", ())
    url = f"{door.api_url}/{head.platform}{head.raw_path}"
    proof = read_proof(raw_proofs, method=head.method, url=url, now=door.house.clock.now())
    check_token_hash(raw_proofs[0], presented.raw_token)
    if proof.thumbprint != facts.jkt:
        raise Refusal("invalid_dpop_proof", "the token is bound to another key")
    claimed = await door.proofs.claim(proof.nonce, proof.digest)
    if claimed.freshness is Freshness.STALE:
        raise Refusal("use_dpop_nonce", dpop_nonce=claimed.nonce)
    if claimed.freshness is Freshness.SEEN:
        raise Refusal("invalid_dpop_proof", "the proof was used before")
