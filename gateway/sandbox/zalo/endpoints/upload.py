"""Uploads: `upload/image`, `upload/gif`, `upload/file` (facts A3, A4); the name's end says what a file is."""

from gateway.sandbox.zalo.errors import OaError, field_error
from gateway.sandbox.zalo.forms import SentFile
from gateway.sandbox.zalo.visit import Visit

MEGABYTE = 1 << 20
KINDS = {
    "image": (("jpg", "jpeg", "png"), MEGABYTE),
    "gif": (("gif",), 5 * MEGABYTE),
    "file": (("pdf", "doc", "docx", "csv"), 5 * MEGABYTE),
}


def upload_image(visit: Visit) -> dict[str, object]:
    """Answer `/v2.0/oa/upload/image`."""
    return {"attachment_id": _keep(visit, "image")}


def upload_gif(visit: Visit) -> dict[str, object]:
    """Answer `/v2.0/oa/upload/gif`."""
    return {"attachment_id": _keep(visit, "gif")}


def upload_file(visit: Visit) -> dict[str, object]:
    """Answer `/v2.0/oa/upload/file`."""
    return {"token": _keep(visit, "file")}


def _keep(visit: Visit, kind: str) -> str:
    sent, (extensions, limit_bytes) = visit.params.get("file"), KINDS[kind]
    if not isinstance(sent, SentFile) or not sent.name.lower().endswith(tuple(f".{one}" for one in extensions)):
        raise field_error("file")
    if not 0 < len(sent.content) <= limit_bytes:
        raise OaError(-210)
    return visit.files.add(visit.oa, kind, len(sent.content))
