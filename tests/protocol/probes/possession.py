"""Proofs of possession (RFC 9449)."""

from joserfc.jwk import ECKey

from tests.protocol.probes.parts import (
    CODE,
    GRANT,
    MACHINE,
    PROOF,
    token,
)
from tests.protocol.probing import Differs, Probe, Proof, Wanted
from tests.protocol.proofs import KEY, OTHER

STRANGE = ECKey.generate_key("P-256", private=True)
PUBLIC_REFRESH = {"grant_type": "refresh_token", "refresh_token": "{refresh_public_bound}", "client_id": "{public}"}
TIMELESS = Differs(
    Wanted(200), "106: beside its own nonce it looks at no time; check 11 asks for a window (RFC 9449, 4.3)"
)
USED_UP = Differs(GRANT, "117: a proof that was used is an invalid proof (RFC 9449, 5)")


def bound(requirement: str, name: str, proof: Proof, wanted: Wanted = PROOF, **more: object) -> Probe:
    """Return a probe of a proof at the token endpoint."""
    return token(requirement, name, wanted, MACHINE, proof=proof, **more)


PROOFS = (
    bound("107", "a right proof", Proof(), Wanted(200)),
    bound("109", "a right proof by an Ed25519 key", Proof(key=OTHER), Wanted(200)),
    bound("114", "no nonce", Proof(has_nonce=False), Wanted(400, "use_dpop_nonce", {"DPoP-Nonce": ""})),
    bound("114", "a nonce of nobody", Proof({"nonce": "x"}), Wanted(400, "use_dpop_nonce", {"DPoP-Nonce": ""})),
    bound("106", "two proofs", Proof(count=2)),
    bound("106", "no JWT", Proof(raw="x")),
    bound("106", "another type", Proof(header={"typ": "jwt"})),
    bound("106", "no algorithm", Proof(header={"alg": "none"}, is_signed=False)),
    bound("109", "a symmetric algorithm", Proof(header={"alg": "HS256"}, is_signed=False)),
    bound("106", "a signature that is none", Proof(header={"alg": "ES256"}, is_signed=False)),
    bound("106", "signed by another key", Proof(header={"jwk": STRANGE.as_dict(private=False)})),
    bound("106", "a private key in it", Proof(header={"jwk": KEY.as_dict(private=True)})),
    bound("106", "an algorithm of another key type", Proof(header={"alg": "Ed25519"}, is_signed=False)),
    bound("106", "no key in it", Proof(header={"alg": "ES256", "jwk": None}, is_signed=False)),
    bound("106", "another method", Proof({"htm": "GET"})),
    bound("106", "another target", Proof({"htu": "https://other.example/token"})),
    bound("106", "no target", Proof({"htu": None})),
    bound("106", "no time", Proof({"iat": None})),
    bound("106", "no jti", Proof({"jti": None})),
    bound("106", "an hour old", Proof(shift_seconds=-3600), oracle=TIMELESS),
    bound("106", "an hour ahead", Proof(shift_seconds=3600), oracle=TIMELESS),
    bound("117", "a proof twice", Proof(), times=2, oracle=USED_UP),
    token("108", "refreshed by its key", Wanted(200), PUBLIC_REFRESH, headers={}, proof=Proof()),
    token("108", "refreshed by another key", GRANT, PUBLIC_REFRESH, headers={}, proof=Proof(key=OTHER)),
    token("108", "refreshed without a proof", GRANT, PUBLIC_REFRESH, headers={}),
    token("115", "a bound code with its key", Wanted(200), {**CODE, "code": "{code_bound}"}, proof=Proof()),
    token("115", "a bound code with another key", GRANT, {**CODE, "code": "{code_bound}"}, proof=Proof(key=OTHER)),
    token("115", "a bound code without a proof", GRANT, {**CODE, "code": "{code_bound}"}),
)
