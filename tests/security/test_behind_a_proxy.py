"""Behind the TLS proxy that every gateway on the open network has, strangers still stand apart."""

from pathlib import Path

from tests.journeys.http.consoles_origin import served_consoles
from tests.journeys.http.origin import OWN_PAGE, Browser
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FIELDS = [("login", "van-hanh-1"), ("password", "sai"), ("return_to", "")]


async def guess(browser: Browser, address: str) -> int:
    """Guess a password as someone at this address, and return the status."""
    token = (await browser.get("/sign-in")).token
    headers = {**OWN_PAGE, "X-Forwarded-For": address}
    return (await browser.post("/sign-in", [*FIELDS, ("csrf_token", token)], headers=headers)).status


async def test_one_strangers_guesses_lock_out_nobody_elsewhere(
    tmp_path: Path, clock: ManualClock, entropy: SeededEntropy
) -> None:
    """Ten wrong passwords from one address; the next caller through the same proxy is heard."""
    async with (
        served_consoles(tmp_path, clock, entropy, trusted_proxies="127.0.0.0/8,::1") as gateway,
        gateway.signed_in(None) as browser,
    ):
        assert {await guess(browser, "203.0.113.7") for _ in range(10)} == {401}
        assert await guess(browser, "203.0.113.7") == 429
        assert await guess(browser, "198.51.100.1") == 401


async def test_without_a_trusted_proxy_the_header_frees_nobody(
    tmp_path: Path, clock: ManualClock, entropy: SeededEntropy
) -> None:
    """A stranger who names another address in each request is still one stranger."""
    async with (
        served_consoles(tmp_path, clock, entropy, trusted_proxies="none") as gateway,
        gateway.signed_in(None) as browser,
    ):
        assert {await guess(browser, f"203.0.113.{n}") for n in range(10)} == {401}
        assert await guess(browser, "198.51.100.1") == 429
