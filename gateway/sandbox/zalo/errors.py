"""The platform's error tables, spelled as the platform spells them (facts A1, A6, A8). All travel in HTTP 200."""

from dataclasses import dataclass

OA_MESSAGES = {
    -32: "Your application reached limit call api",
    -100: "attachment_id was expired",
    -124: "Access token invalid",
    -200: "Send message failed",
    -201: "{field} is invalid!",
    -204: "Offical Account is disable",
    -205: "Offical Account is not exist",
    -209: "Not supported this api",
    -210: "Parameter exceeds allowable limit",
    -211: "Out of quota",
    -212: "App has not registed this api",
    -213: "User has not followed OA",
    -216: "Access token is invalid",
    -217: "User has blocked invitation from OA",
    -218: "Out of quota receive",
    -219: "App is removed or disabled",
    -220: "access_token is expired or removed",
    -221: "OA needs to be verified",
    -223: "Official Account has not authorized this API",
    -224: "OA needs to upgrade OA Tier Package",
    -227: "User is banned or has been inactive for more than 45 days",
    -230: "User has not interacted with the OA in the past 7 days",
    -232: "User's last interaction has expired",
    -233: "message type is invalid or not support",
    -235: "API does not support this type of OA",
    -240: "MessageV2 API has been shut down, please switch to MessageV3",
    -242: "Invalid appsecret_proof provided in the API argument",
    -244: "User has restricted this message type from your OA",
    -248: "Violates our platform standards",
    -249: "Template does not support send via UID",
    -1340: "Ads form is not found",
    404: "You are accessing an empty or invalid API",
}

# Of 110 and the twelve thousands the facts have the codes alone; their words are ours.
SOCIAL_MESSAGES = {
    -242: OA_MESSAGES[-242],
    110: "Invalid user id",
    112: "App is not linked to any Official Account",
    210: "User not visible",
    452: "Session key invalid",
    12000: "Quota exceeded",
    12012: "Quota exceeded",
}

OAUTH_NAMES = {
    -14002: "Invalid appId",
    -14003: "Invalid redirect uri",
    -14004: "Invalid secret key",
    -14005: "Invalid code",
    -14014: "Invalid refresh token.",
    -14018: "Invalid grant type",
}


@dataclass(eq=False)
class OaError(Exception):
    """An answer of the open API whose `error` is not 0.

    Args:
        code: a key of `OA_MESSAGES`.
        message: the text where it differs from the table's.
        field: what the table's text names, for -201.
    """

    code: int
    message: str = ""
    field: str = ""

    def body(self) -> dict[str, object]:
        """The JSON of the answer: an error carries no `data`."""
        return {"error": self.code, "message": self.message or OA_MESSAGES[self.code].format(field=self.field)}


@dataclass(eq=False)
class OAuthError(Exception):
    """An answer of the OAuth host that is not a token; `reason` is public text of the platform."""

    code: int
    reason: str = ""

    def body(self) -> dict[str, object]:
        """The JSON of the answer, with the keys that the platform sends."""
        name = OAUTH_NAMES[self.code]
        return {
            "error": self.code,
            "error_name": name,
            "error_description": name,
            "error_reason": self.reason,
            "ref_doc": "https://developers.zalo.me/docs",
        }


def social_error(code: int) -> OaError:
    """The answer of the Social API that is not 0; its table is another one."""
    return OaError(code, message=SOCIAL_MESSAGES[code])


def field_error(field: str) -> OaError:
    """The -201 that names a parameter."""
    return OaError(-201, field=field)


def too_many(field: str, maximum: int) -> OaError:
    """The -210 of a page that is over-large: refused, not clamped."""
    return OaError(-210, message=f"maximum {field} is {maximum}")
