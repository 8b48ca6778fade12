"""What every handler of an app's own affairs works with."""

from dataclasses import dataclass

from gateway.acts import House
from gateway.authority.freshness import ProofMemory
from gateway.authority.limits import Limits


@dataclass(frozen=True, slots=True)
class ManagementDoor:
    """The parts behind `/v1`; `gateway/server/doors.py` puts them together.

    Args:
        public_url: the origin, without a slash at its end.
        is_on_loopback: the gateway is on this machine alone, so that endpoints of apps may be too.
    """

    house: House
    limits: Limits
    proofs: ProofMemory
    public_url: str
    is_on_loopback: bool = False
