"""The pages as the tests draw them: the real templates of every door."""

from pathlib import Path
from typing import Final

from gateway.ground.web.assets import Assets
from gateway.ground.web.frame import Lang, PageView
from gateway.ground.web.rendering import Pages
from tests.unit.web.samples import PERSON_PAGES, frame
from tests.unit.web.samples_consoles import CONSOLE_PAGES
from tests.unit.web.samples_devices import DEVICE_PAGES
from tests.unit.web.samples_followers import FOLLOWER_PAGES
from tests.unit.web.samples_grants import GRANT_PAGES

DOORS: Final = Path(__file__).parents[3] / "gateway" / "doors"
FOLDERS: Final = {
    "person": DOORS / "person" / "templates",
    "operators": DOORS / "consoles" / "operators" / "templates",
    "developers": DOORS / "consoles" / "developers" / "templates",
}
ASSETS: Final = Assets()
PAGES: Final = Pages(FOLDERS, ASSETS)
VIEWS: Final[dict[str, PageView]] = {**PERSON_PAGES, **DEVICE_PAGES, **FOLLOWER_PAGES, **GRANT_PAGES, **CONSOLE_PAGES}
STRANGERS: Final = ("first", "sign-in", "verify", "error")


def draw(name: str, lang: Lang = "vi") -> str:
    """Draw the sample page of that name, for a stranger where the page is usually seen by one."""
    visitor = "" if name.startswith(STRANGERS) else "Trần Minh Hạnh (mẫu)"
    return PAGES.page(frame(lang, visitor=visitor), VIEWS[name])
