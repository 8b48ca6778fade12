"""Named forms that a value in a request may have to take.

Each is one or two runs of a character class, so matching is linear. Ids are held to their one canonical spelling: an id
that a platform could read as another person's (`0123` for `123`) would slip past the look-up of that person's decision.
"""

import re

_LOCAL = r"[!-.0-9;-~]"  # printable ASCII without "/" and ":"
_SERVER = r"[0-9A-Za-z.:\[\]-]{1,230}"

FORMATS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in {
        "count": r"0|[1-9][0-9]{0,9}",
        "timestamp": r"0|[1-9][0-9]{0,12}",
        "decimal_id": r"[1-9][0-9]{0,31}",
        "opaque_id": r"[0-9A-Za-z_-]{1,255}",
        "opaque_token": r"[!-~]{1,2048}",
        "free_name": r"[0-9A-Za-z_.-]{1,100}",
        "https_url": r"https://[!-~]{1,2040}",
        "file_name": r"[^/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,255}",
        "kiotviet_code": r"[^/\\\x00-\x1f\x7f-\x9f]{1,100}",
        "kiotviet_moment": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9T:.Z+ -]{0,30}",
        "kiotviet_numbers": r"[0-9]{1,19}(?:,[0-9]{1,19}){0,99}",  # ids or states, written with commas
        "zalo_user_id": r"[1-9][0-9]{14,31}",  # longer than any phone number, by which Zalo may take somebody too
        "zalo_phone": r"84[0-9]{8,10}",
        "zalo_choices": r"[0-9]{1,3}(?:,[0-9]{1,3}){0,99}",
        "zalo_date": r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}",
        "zalo_period": r"TODAY|YESTERDAY|L7D|L30D|[0-9_]{10}:[0-9_]{10}",
        "zalo_me_fields": r"(?:id|name|picture)(?:,(?:id|name|picture)){0,2}",
        "matrix_user_id": rf"@{_LOCAL}{{1,200}}:{_SERVER}",
        "matrix_room_id": rf"!{_LOCAL}{{1,200}}(?::{_SERVER})?",
        "matrix_event_id": rf"\${_LOCAL}{{1,200}}(?::{_SERVER})?",
        "matrix_server": _SERVER,
        "matrix_transaction": r"[0-9A-Za-z._~:@!$+=-]{1,255}",
        "matrix_content_uri": rf"mxc://{_SERVER}/[0-9A-Za-z_-]{{1,255}}",
        "media_type": r"[0-9A-Za-z]{1,40}/[0-9A-Za-z.+-]{1,100}",
    }.items()
}
