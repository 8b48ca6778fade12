"""What a follower took back at the platform itself, as operators find it in the log."""

import re
from urllib.parse import quote

from tests.followers import take_back_at_zalo
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser


async def test_operators_read_it_as_the_platforms_word(consoles: Consoles, operator: Browser) -> None:
    """Found in either language; the record says who told it, by which name, and what passed until then."""
    await agree(consoles.scene)
    assert await take_back_at_zalo(consoles.scene, "4620160001000000137") == 1
    for lang, title, told in (
        ("vi", "Rút lại ngay tại nền tảng", ("Nền tảng zalo", "user_withdraw", "chat_read, crm_name, crm_phone")),
        ("en", "Taken back at the platform itself", ("Platform zalo", "user_withdraw", "The platform calls it")),
    ):
        found = await operator.get(f"/operators/log?lang={lang}&q={quote('withdrawn_at_platform')}")
        (record_id,) = re.findall(r'data-source="log" data-record="(\w+)"', found.text)
        page = await operator.get(f"/operators/log/{record_id}?lang={lang}")
        assert title in page.words
        for word in told:
            assert word in page.words
