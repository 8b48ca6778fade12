"""What an app may want of the sign-in and the screen: `prompt`, `max_age`, `acr_values`, `login_hint`.

OpenID Connect Core 1.0, 3.1.2.1, and RFC 9470 section 4. `prompt=none` has no silent answer here: a person decides each
time (R17), and the answer is the same whoever is signed in, so that it tells nothing about the browser.
"""

import re

from gateway.acts.open_request import Wishes
from gateway.doors.oauth.parameters import Parameters
from gateway.records.requests.types import Prompt
from gateway.terms.refusal import Refusal

NONE = "none"
PROMPTS = tuple(prompt.value for prompt in Prompt)
"""What is answered as it says; `none` is known, and always refused."""
MOST_CLASSES = 10
LONGEST_HINT = 256
_SECONDS = re.compile(r"[0-9]{1,9}")
_CLASS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")


def parse_wishes(unverified: Parameters) -> Wishes:
    """Read what the app wants.

    Raises:
        Refusal: `consent_required` (`prompt=none`); `invalid_request`: a value that is none, or that does not go with
            another.
    """
    return Wishes(
        prompts=_parse_prompts(unverified.find("prompt") or ""),
        max_age_seconds=_parse_max_age(unverified.find("max_age")),
        acr_values=_parse_classes(unverified.find("acr_values") or ""),
        login_hint=_find_hint(unverified),
    )


def _parse_prompts(raw_prompt: str) -> tuple[Prompt, ...]:
    named = list(dict.fromkeys(raw_prompt.split()))
    if not set(named) <= {NONE, *PROMPTS}:
        raise Refusal("invalid_request", "prompt holds a value that is not known here")
    if NONE in named and len(named) > 1:
        raise Refusal("invalid_request", "prompt=none stands alone")
    if NONE in named:
        raise Refusal("consent_required", "a person must decide; prompt=none cannot be answered")
    return tuple(Prompt(name) for name in named)


def _parse_max_age(raw_seconds: str | None) -> int | None:
    if raw_seconds is None:
        return None
    if not _SECONDS.fullmatch(raw_seconds):
        raise Refusal("invalid_request", "max_age must be a number of seconds")
    return int(raw_seconds)


def _parse_classes(raw_values: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(raw_values.split()))
    if len(named) > MOST_CLASSES or not all(_CLASS.fullmatch(name) for name in named):
        raise Refusal("invalid_request", f"acr_values must be at most {MOST_CLASSES} names")
    return named


def _find_hint(unverified: Parameters) -> str | None:
    """Return the hint, or None for one that no login looks like: a hint is never a reason to refuse."""
    hint = unverified.find("login_hint")
    return hint if hint is not None and hint.isprintable() and len(hint) <= LONGEST_HINT else None
