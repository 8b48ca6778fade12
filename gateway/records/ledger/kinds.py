"""The kinds of record in the grant log."""

from enum import StrEnum


class Kind(StrEnum):
    """What happened. The value is part of a record's bytes and never changes its meaning."""

    DECIDED = "decided"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    PAUSED = "paused"
    RESUMED = "resumed"
    SHORTENED = "shortened"
    EXPIRED = "expired"
    RECONFIRM = "reconfirm"
    BURIED = "buried"
    LINKED = "linked"
    CONNECTION_LOST = "connection_lost"
    STANDING_ENDED = "standing_ended"
    FAMILY_ENDED = "family_ended"
    APP_REGISTERED = "app_registered"
    SECRET_ROTATED = "secret_rotated"
    APP_SUSPENDED = "app_suspended"
    APP_RESUMED = "app_resumed"
    PERSON_ADDED = "person_added"
    ROLES_SET = "roles_set"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    LOOKED_UP = "looked_up"
    EXPORTED = "exported"
    TRACE_BATCH = "trace_batch"
    RESTORED = "restored"
