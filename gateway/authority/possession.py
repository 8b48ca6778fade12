"""Whether a caller holds the key of the token that it sends: proven now, and by a proof never seen (RFC 9449)."""

from gateway.authority.freshness import Freshness, ProofMemory
from gateway.authority.proofs import Proof, check_token_hash
from gateway.terms.refusal import Refusal


async def check_possession(memory: ProofMemory, proof: Proof, raw_token: str, jkt: str) -> None:
    """Check that the caller holds the key that their access token is bound to.

    Args:
        memory: of the proofs that were seen.
        proof: the one that came with the token, as `read_proof` read it.
        raw_token: the access token, which is known.
        jkt: the thumbprint of the key that it is bound to.

    Raises:
        Refusal: `invalid_dpop_proof`, `use_dpop_nonce`.
    """
    check_token_hash(proof, raw_token)
    if proof.thumbprint != jkt:
        raise Refusal("invalid_dpop_proof", "the token is bound to another key")
    await claim_fresh(memory, proof)


async def claim_fresh(memory: ProofMemory, proof: Proof, *, detail: str = "") -> None:
    """Use a proof up: it holds once, and only with a nonce of ours; `detail` is for who has to make another.

    Raises:
        Refusal: `invalid_dpop_proof`; `use_dpop_nonce`, with the nonce to use.
    """
    claimed = await memory.claim(proof.nonce, proof.digest)
    if claimed.freshness is Freshness.STALE:
        raise Refusal("use_dpop_nonce", detail, dpop_nonce=claimed.nonce)
    if claimed.freshness is Freshness.SEEN:
        raise Refusal("invalid_dpop_proof", "the proof was used before")
