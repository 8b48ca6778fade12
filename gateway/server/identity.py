"""Which provider these settings ask for, and what the people whom it proves may be."""

from gateway.doors.person.provider import SignInProvider
from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Registration
from gateway.records.people.types import Role
from gateway.settings import Settings
from gateway.terms.clock import Clock

# The two modes: a platform's people own accounts and follow others'; a company's people decide for its accounts.
NEWCOMERS = {"platform": frozenset({Role.OWNER, Role.FOLLOWER}), "business": frozenset({Role.OWNER})}


def find_provider(settings: Settings, clock: Clock) -> SignInProvider | None:
    """Return the provider; None where no setting names one, and then nothing of it exists."""
    wanted = settings.oidc
    if wanted is None:
        return None
    registration = Registration(
        issuer=wanted.issuer,
        client_id=wanted.client_id,
        client_secret=wanted.client_secret.get_secret_value(),
        auth_method=wanted.client_auth,
        redirect_uri=f"{settings.public_url}/sign-in/oidc/callback",
        signed_out_uri=f"{settings.public_url}/",
    )
    name_en = wanted.name_en or wanted.name_vi
    return SignInProvider(Provider(registration, clock), wanted.name_vi, name_en, NEWCOMERS[settings.mode])
