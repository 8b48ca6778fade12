"""One `Passwords` for a run: the decoy that each makes costs an argon2 hash, and tests open thousands of doors."""

from functools import cache

from gateway.ground.vault.passwords import Passwords
from tests.stand_ins.entropy import SeededEntropy


@cache
def shared_passwords() -> Passwords:
    """Return it; its salts are its own, so no test's other randomness depends on the tests before."""
    return Passwords(SeededEntropy("passwords"))
