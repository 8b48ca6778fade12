"""What people said no to, as the journal keeps it: an older database must not let their data pass again (I4).

The journal stands outside the database and is never erased from, so it names a person by a keyed hash alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from gateway.ground.vault.entries import Barred
from gateway.ground.vault.sealing import Vault
from gateway.records.accounts.types import Account
from gateway.terms.ids import AppId, AskId

_PURPOSE = "person who said no"


def key_of(vault: Vault, app_id: AppId, platform: str, *, profile: str) -> str:
    """Return the name of a person's word about an app, under the newest master key."""
    return vault.hmac_code(_text(app_id, platform, profile), _PURPOSE).hex()


def keys_of(vault: Vault, app_id: AppId, platform: str, *, profile: str) -> list[str]:
    """Return it under every master key that is held."""
    return [key.hex() for key in vault.list_hmac_codes(_text(app_id, platform, profile), _PURPOSE)]


def draw_up(
    vault: Vault, account: Account, app_id: AppId, *, noes: Mapping[AskId, bool], at: datetime
) -> Iterator[Barred]:
    """Yield what the journal is to know of each ask that somebody decided on for their profile: whether it is a no."""
    for name, is_no in zip(name_noes(vault, account, app_id, noes), noes.values(), strict=True):
        yield Barred("person", name, is_barred=is_no, at=at)


def name_noes(vault: Vault, account: Account, app_id: AppId, ask_ids: Iterable[AskId]) -> list[str]:
    """Name what the person of a profile said of each of an app's asks, as journal and memory hold it."""
    key = key_of(vault, app_id, account.platform, profile=account.external_id)
    return [f"{key}/{ask_id}" for ask_id in ask_ids]


def _text(app_id: AppId, platform: str, profile: str) -> str:
    return f"{app_id}\n{platform}\n{profile}"
