"""The proof that a caller holds the app's secret beside its token: `appsecret_proof` (facts A6)."""

import hashlib
import hmac


def is_proof(app_secret: str, proof: str | None, *, token: str) -> bool:
    """Say whether the header is there and right."""
    expected = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (proof or "").encode("utf-8", "replace"))
