"""What a follower reads is said to them: no page or receipt of theirs holds a word written for the shop's owner."""

import json
import re

import pytest

from gateway.doors import spoken
from gateway.ground.web.frame import Lang
from scopes import Wording, load_catalogue
from tests.followers import CHAT, NAME, PHONE
from tests.journeys.http.origin import Browser
from tests.journeys.http.shops import Shop

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_every_page_of_a_follower_speaks_to_them(shop: Shop, fan: Browser, lang: Lang) -> None:
    """What an app can and cannot do reads "you" wherever they decide or look, not what was written for the owner."""
    scopes = [CATALOGUE.scopes[ask.scope] for ask in shop.asking.asks if ask.id in {NAME, PHONE, CHAT}]
    spoken_to = [text for scope in scopes if scope.to_self for text in _list_texts(scope.to_self, lang)]
    to_owners = [text for scope in scopes for text in _list_texts(scope, lang) if text not in spoken_to]
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(f"{screen_path}?lang={lang}")
    fields = [("account", dict(screen.hidden)["account"]), ("duration", "P30D"), ("seen", screen.seen)]
    ticked = [("ask", each) for each in (NAME, CHAT)]
    done = await fan.post(screen_path, [*fields, *ticked, ("decision", "agree"), ("csrf_token", screen.token)])
    grant_path = done.location.partition("?")[0]
    (code,) = set(re.findall(r"BN-\w+", (await fan.get("/permissions/receipts")).text))
    receipt = f"/permissions/receipts/{code}"
    asked, *after = [
        await fan.get(f"{path}lang={lang}") for path in (f"{shop.link()}&", f"{grant_path}?", f"{receipt}?")
    ]
    for page in (screen, asked, *after):
        assert [text for text in spoken_to if text not in page.words] == []
        assert [text for text in to_owners if text in page.words] == []
    anew = await fan.submit(grant_path, {"action": "reconsider", "ask": PHONE})
    beside = await fan.get(f"{anew.location}?lang={lang}")
    ending = await fan.get(f"{grant_path}?action=withdraw&lang={lang}")
    told = json.loads((await fan.get(f"{receipt}.json?lang={lang}")).text)["receipt"]
    names = {item["name"] for item in told["items"]}
    for words in (beside.words, ending.words, *names):
        assert [text for text in to_owners if text in words] == []
    assert names == {
        scope.to_self.name.en if lang == "en" else scope.to_self.name.vi for scope in scopes if scope.to_self
    }


def _list_texts(said: Wording, lang: Lang) -> list[str]:
    """List what is said as it stands on a page: what an app can and cannot do ends with a full stop there."""
    may = [f"{spoken(text, lang)}." for text in (*said.can, *said.cannot)]
    return [spoken(said.name, lang), spoken(said.explanation, lang), *may]
