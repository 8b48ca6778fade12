"""Settings of the Zalo stand-in: the upstream apps that are registered there."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gateway.sandbox.serving import LOOPBACK_HOSTS


class OtherApp(BaseModel):
    """One app as others see it; of those beside the first, the saved callbacks are the first one's.

    `webhook_url` and `oa_secret_key` are its own, as `ZaloSandboxConfig` says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    app_id: str = Field(pattern=r"^[0-9]+$")
    app_secret: str = Field(min_length=1, repr=False)
    app_name: str
    webhook_url: str | None = None
    oa_secret_key: str | None = Field(default=None, repr=False)


class ZaloSandboxConfig(BaseModel):
    """One app, as the platform's developer console would hold it, and others beside it.

    Args:
        app_id: the app's id, digits.
        app_secret: goes in the header `secret_key` of token calls.
        callback_urls: saved callbacks; `redirect_uri` must equal one byte for byte.
        login_callback_urls: the same for people's sign-in (Zalo Social), a list of its own; empty: no sign-in.
        app_name: shown on the consent page.
        others: apps of other developers; sign-in by Zalo Social is the first app's alone.
        webhook_url: the one URL that hears what happens at every linked OA; None: nothing is told.
        oa_secret_key: the console's "OA Secret Key", which signs that.
        mini_app_id: a Mini App of the first app, whose events go to the same URL; None: there is none.
        mini_app_key: the API Key of its Open APIs page, which signs those.
        requires_secret_proof: the console's "Yêu cầu kiểm tra app secret proof".
        state_path: where codes, tokens and messages survive a restart; None keeps them in memory.
        hosts: names that a request's Host may bear, so that a page which rebinds its DNS name reaches nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    app_id: str = Field(pattern=r"^[0-9]+$")
    app_secret: str = Field(min_length=1, repr=False)
    callback_urls: tuple[str, ...] = Field(min_length=1)
    login_callback_urls: tuple[str, ...] = ()
    app_name: str = "Cổng Quyền (mẫu)"
    others: tuple[OtherApp, ...] = ()
    webhook_url: str | None = None
    oa_secret_key: str | None = Field(default=None, repr=False)
    mini_app_id: str | None = Field(default=None, pattern=r"^[0-9]+$")
    mini_app_key: str | None = Field(default=None, repr=False)
    requires_secret_proof: bool = False
    state_path: Path | None = None
    hosts: frozenset[str] = LOOPBACK_HOSTS

    @property
    def apps(self) -> tuple[OtherApp, ...]:
        """Every app, the first one first."""
        names = ("app_id", "app_secret", "app_name", "webhook_url", "oa_secret_key")
        return (OtherApp(**{name: getattr(self, name) for name in names}), *self.others)

    def find_app(self, app_id: str) -> OtherApp | None:
        """Find an app by its id, the first one among them."""
        return next((app for app in self.apps if app.app_id == app_id), None)
