"""What can go wrong, as a person may read it."""


class GatewayUnreachable(Exception):
    """The gateway did not answer, or not as an authorization server does."""


class ExchangeRefused(Exception):
    """The token endpoint refused; `error` is its RFC 6749 code."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error, self.description = error, description
