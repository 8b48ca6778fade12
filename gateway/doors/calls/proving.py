"""Whether a call may use its token (RFC 9449): a bound one only with a fresh proof of its key, another as bearer."""

from gateway.authority.facts import TokenFacts
from gateway.authority.possession import check_possession
from gateway.authority.proofs import read_proof
from gateway.doors.calls.credentials import Presented
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.head import Head
from gateway.doors.calls.schemes import Scheme
from gateway.terms.refusal import Refusal


async def check_holder(door: CallsDoor, head: Head, presented: Presented, facts: TokenFacts) -> None:
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
    await check_possession(door.proofs, proof, presented.raw_token, facts.jkt)
