"""What people said no to, as the journal keeps it: an older database must not let their data pass again (I4).

The journal stands outside the database and is never erased from, so it names a person by a keyed hash alone.
"""

from collections.abc import Iterator, Mapping
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
    key = key_of(vault, app_id, account.platform, profile=account.external_id)
    for ask_id, is_no in noes.items():
        yield Barred("person", f"{key}/{ask_id}", is_barred=is_no, at=at)


def _text(app_id: AppId, platform: str, profile: str) -> str:
    return f"{app_id}\n{platform}\n{profile}"
