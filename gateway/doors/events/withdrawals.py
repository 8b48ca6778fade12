"""What a platform tells of somebody who took their consent back there: who that is here, and its end (ADR 0038)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import structlog

from gateway.acts import House
from gateway.acts.end_at_platform import REMEMBERED, Withdrawal, end_at_platform, end_kept
from gateway.acts.end_own_account import ToldOfOwn, end_own_account
from gateway.acts.keep_revocation import keep_revocation
from gateway.acts.parting_copies import Follower, Original
from gateway.acts.take_events import ToldEvent
from gateway.doors import of_people
from gateway.platforms import Heard, LoginSubject
from gateway.records.accounts import store as accounts
from gateway.records.accounts.pairs import list_subjects
from gateway.records.accounts.revoked import LASTS, Revocation, name_at
from gateway.records.accounts.types import SELF, Account
from gateway.records.people import identities
from gateway.terms.ids import GATEWAYS_OWN, AccountId, AppId, UpstreamAppId
from scopes import Catalogue, Event

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Through:
    """By which upstream app it is told: through it accounts are linked that it may tell of.

    One that an app brought is believed about that app alone: its key is the ISV's, who could sign anything.
    """

    upstream_app: str
    brought_id: UpstreamAppId = GATEWAYS_OWN
    for_app: AppId | None = None


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """Ends what was taken back at one platform.

    Args:
        platform: whose word it is.
        through: by which upstream app it is told.
    """

    house: House
    catalogue: Catalogue
    platform: str
    through: Through

    async def end(self, heard: Heard, event: Event | None) -> None:
        """End it; in force when this returns. Of somebody whom nobody here knows it is kept until somebody does.

        Args:
            heard: believed.
            event: what the catalogue knows of it; None where a sign-in names who it was.

        Raises:
            Unavailable: not all of it is done; the platform may tell it again.
        """
        through, of_platform = self.through.brought_id, {"platform": self.platform, "kind": heard.name}
        name = sha256(b"%s\n%s\n%s" % (self.platform.encode(), through.encode(), heard.told_as)).digest()
        pair = self._find_sign_in(heard, event)
        if pair is not None:  # before they are looked for: who becomes known meanwhile is met by one of the two
            now, upstream_app = self.house.clock.now(), self.through.upstream_app
            kept = Revocation(name, self.platform, upstream_app, *pair, event=heard.name, told_at=now)
            await keep_revocation(self.house, kept)
        followers, own = await self._find_followers(heard, event), await self._find_own(heard)
        if not followers and own is None:
            log.warning("nobody here is known to have taken a consent back", is_kept=pair is not None, **of_platform)
            return
        of = of_people(self.catalogue, self.platform)
        told = Withdrawal(
            platform=self.platform,
            name=heard.name,
            hashed_name=name,
            followers=(),
            about_people=of.about_people,
            to_people=of.to_people,
            original=None if event is None else Original(event, heard.body),
            remembered=REMEMBERED if pair is None else LASTS,
            brought_id=through,
            for_app=self.through.for_app,
        )
        ended = 0
        for each in followers:
            at_one = replace(told, followers=[each], hashed_name=name_at(name, each.account_id))
            ended += await end_at_platform(self.house, at_one)
        if own is not None:
            of_own = ToldOfOwn(self.platform, heard.name, name_at(name, own.id), LASTS)
            ended += await end_own_account(self.house, own, of_own)
        log.info("a consent was taken back at the platform", ended=ended, **of_platform)

    async def end_kept(self, told: Sequence[ToldEvent]) -> None:
        """End what people of these events took back before accounts told, as these do, as whom they know them.

        Raises:
            Unavailable: not all of it is done; nothing of these events is to be passed on.
        """
        of = of_people(self.catalogue, self.platform)
        for each in told:
            if each.pair is not None:
                login_subject, subject_id = each.pair
                follower = Follower(each.account_id, subject_id, login_subject)
                await end_kept(self.house, follower, of, upstream_app=self.through.upstream_app)

    def _find_sign_in(self, heard: Heard, event: Event | None) -> tuple[str, str] | None:
        """Find by which id of a sign-in it names somebody, and as whom ("": as whomever), where it names no account."""
        if self.through.brought_id:  # of its people no pairs are believed
            return None
        if heard.revoked_by is not None:
            return heard.revoked_by.subject, ""
        return None if event is None or event.list_accounts(heard.parsed) else event.find_pair(heard.parsed, "")

    async def _find_own(self, heard: Heard) -> Account | None:
        """Find the account that is the person's own, where the platform names it by the id of their sign-in."""
        login = heard.revoked_by
        if login is None or not login.own_platform or self.through.brought_id:
            return None
        async with self.house.storage.read() as connection:
            return await accounts.find_external(connection, login.own_platform, login.subject)

    async def _find_followers(self, heard: Heard, event: Event | None) -> Sequence[Follower]:
        """Find as whom this gateway's accounts know them."""
        if event is None:
            return [] if heard.revoked_by is None else await self._list_known(heard.revoked_by)
        named = event.list_accounts(heard.parsed)
        for external_id in named:
            found = await accounts.look_up_linked(
                self.house.storage,
                self.platform,
                external_id,
                upstream_app=self.through.upstream_app,
                brought_id=self.through.brought_id,
            )
            if found is not None:
                people = _list_named(found, event, heard.parsed, external_id)
                return [replace(each, login_subject="") for each in people] if self.through.brought_id else people
        return [] if named else await self._list_of_pair(event.find_pair(heard.parsed, ""))

    async def _list_of_pair(self, pair: tuple[str, str] | None) -> list[Follower]:
        """List them where the body names no account: by the pair of ids that one of them told before."""
        if pair is None or self.through.brought_id:  # to another upstream app people have other ids
            return []
        return [each for each in await self._list_met(pair[0]) if each.subject_id == pair[1]]

    async def _list_known(self, login: LoginSubject) -> list[Follower]:
        """List them by the id of their sign-in: whom accounts told of, and who came to their own profile by it."""
        met = await self._list_met(login.subject)
        async with self.house.storage.read() as connection:
            known = await identities.find(connection, login.issuer, login.subject)
            now = self.house.clock.now()
            held = await accounts.list_held(connection, known.person_id, now) if known else []
        own = [account for account, standing in held if standing.role == SELF and account.platform == self.platform]
        came = [Follower(each.parent_id, each.subject_id) for each in own if each.parent_id is not None]
        return [*met, *(each for each in came if each not in met)]

    async def _list_met(self, login_subject: str) -> list[Follower]:
        house, whose = self.house, {"platform": self.platform, "upstream_app": self.through.upstream_app}
        async with house.storage.read() as connection:
            found = await list_subjects(connection, house.vault, login_subject, **whose)
        return list(dict.fromkeys(Follower(account_id, subject_id) for account_id, subject_id in found))


def _list_named(account_id: AccountId, event: Event, parsed: object, external_id: str) -> list[Follower]:
    """Return the one person whom a body names to an account; what can be no id names nobody."""
    people = [each for each in event.list_subjects(parsed, external_id) if each and each.isprintable()]
    pair = event.find_pair(parsed, external_id)
    login_subject = "" if pair is None else pair[0]
    return [Follower(account_id, people[0], login_subject)] if len(people) == 1 else []
