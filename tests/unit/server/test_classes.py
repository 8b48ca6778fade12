"""Which classes of sign-in the doors are told that people can have here."""

from typing import Any

from gateway.doors.person.provider import SignInProvider
from gateway.ground.identity.provider import Provider
from gateway.platforms.zalo.login import ZaloLogin
from gateway.records.people.types import PASSWORD_ACR
from gateway.server.identity import find_classes


def provider(kind: type[Any]) -> SignInProvider:
    """Return a provider of a kind; what is asked of it here is of the kind alone."""
    return SignInProvider(object.__new__(kind), "Nơi khác (mẫu)", "Elsewhere (mẫu)", frozenset())


def test_only_an_openid_provider_has_classes_of_its_own() -> None:
    """A password's class is all, also beside Zalo Login, which never says how it asked."""
    zalo, openid = provider(ZaloLogin), provider(Provider)
    assert find_classes([]) == find_classes([zalo]) == frozenset({PASSWORD_ACR})
    assert find_classes([zalo, openid]) is None
