"""One filled view for each state of the pages about a shop's followers."""

from dataclasses import replace
from typing import Final

from gateway.doors.person.views_asked import AskedView
from gateway.doors.person.views_contracts import ContractCard
from gateway.doors.person.views_grants import BroughtView, PeopleCounts, PermissionsView
from gateway.doors.person.views_records import TraceView
from gateway.ground.web.frame import PageView
from tests.unit.web.samples import APP, BAKERY, CONSENT, NOW, PHONE, UNKNOWN_APP
from tests.unit.web.samples_grants import LOOKS, ONE, RECEIPT, ROWS

OWN: Final = replace(PHONE, about_others=False, basis="own_consent", agreement="", agreed_on="")
IMPORTED: Final = replace(OWN, basis="imported")
BROUGHT: Final = BroughtView(NOW, "Nguyễn Vận Hành (mẫu)", "Phiếu 17/2026 (mẫu), tờ 3", "05/01/2026")
UNDECIDED: Final = ContractCard("app_1", APP.name, BAKERY.name, "/ask?app=app_1", 13)
CONTRACT: Final = replace(PHONE, id="chat", about_others=False)
ASKED: Final = AskedView(
    app=APP,
    shop=BAKERY,
    consents=(OWN,),
    contracts=(CONTRACT, replace(CONTRACT, id="address")),
    serving=(replace(CONTRACT, id="erase", basis="serves"),),
    names=(("app", "app_1"), ("account", "2511530240960241001")),
    sign_in="/sign-in?return_to=%2Fask%3Fapp%3Dapp_1",
)
FOLLOWER_PAGES: Final[dict[str, PageView]] = {
    "asked": ASKED,
    "asked-known": replace(ASKED, is_known=True),
    "asked-consents-alone": replace(ASKED, app=UNKNOWN_APP, contracts=(), is_known=True),
    "asked-contracts-alone": replace(ASKED, consents=(), is_known=True),
    **{f"asked-{why}": replace(ASKED, stranger=why) for why in ("other_sign_in", "other_person", "unknown", "unheard")},
    "consent-follower": replace(CONSENT, accounts=(BAKERY,), asks=(OWN,), shop=BAKERY.name),
    "grant-follower": replace(
        ONE, rows=(replace(ROWS[0], ask=CONTRACT, state="refused"),), contracts=(OWN,), shop=BAKERY.name
    ),
    "grant-brought-in": replace(
        ONE,
        rows=(
            replace(ROWS[0], ask=IMPORTED, brought=BROUGHT),
            replace(ROWS[0], ask=IMPORTED, state="pending", ends_at=None, brought=replace(BROUGHT, evidence="")),
            replace(ROWS[0], ask=IMPORTED, state="paused", brought=BroughtView(NOW)),
        ),
        shop=BAKERY.name,
    ),
    "grant-counted": replace(ONE, rows=(replace(ROWS[0], ask=PHONE, counts=PeopleCounts(1204, 310, 25)),)),
    "grant-invitation": replace(ONE, invitation="https://quyen.example/ask?app=app_1&account=2511530240960241001"),
    "permissions-follower": PermissionsView(
        (), contracts=(ContractCard("app_1", APP.name, BAKERY.name, "/ask?app=app_1", 13),)
    ),
    "trace-follower": TraceView((replace(LOOKS[0], shop=BAKERY.name, people=None),), NOW, is_shared=True),
    "trace-by-evidence": TraceView((replace(LOOKS[0], by_evidence=3, bases=(OWN,)),), NOW),
    "receipt-imported": replace(
        RECEIPT,
        event="imported",
        starts_at=None,
        notice="",
        items=tuple(
            replace(RECEIPT.items[0], state=state, basis="imported", brought=brought)
            for state, brought in (("granted", BROUGHT), ("pending", replace(BROUGHT, evidence="")), ("granted", None))
        ),
    ),
    "receipt-lifted": replace(RECEIPT, event="lifted", starts_at=None, items=RECEIPT.items[:1]),
    "receipt-reconnected": replace(RECEIPT, event="reconnected", starts_at=None, items=RECEIPT.items[:2]),
}
