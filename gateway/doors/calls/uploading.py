"""A file on its way through: read and judged as it comes, framed anew, never held whole.

Its headers and leading bytes are judged before anything goes upstream; size, end and length can only be judged as it
passes. So the last boundary goes out when the caller's body proved whole, and a body that does not takes the upstream
connection with it: the platform gets all of a file or a broken request, never half a file that looks whole.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from gateway.doors.calls.head import Head
from gateway.doors.calls.incoming import Incoming
from gateway.doors.calls.multipart import PartReader, read_boundary
from gateway.terms.refusal import Refusal
from scopes import UploadRule


@dataclass(slots=True, eq=False)
class Upload:
    """One file, begun.

    Args:
        headers: what the request upstream says of its body.
        is_whole: the caller's body proved whole, and its end goes out.
        broken: why it did not come whole.
    """

    headers: Mapping[str, str]
    _incoming: Incoming
    _reader: PartReader
    _first: bytes
    _frame: tuple[bytes, bytes]
    is_whole: bool = False
    broken: Refusal | None = None

    async def stream(self, abort: Callable[[], None]) -> AsyncIterator[bytes]:
        """Yield the request's body.

        Args:
            abort: ends the upstream connection; called before anything is raised.

        Raises:
            Refusal: the caller's body is not what it began as; also kept in `broken`.
        """
        head, end = self._frame
        try:
            yield head + self._first
            while chunk := await self._incoming.read_some():
                if found := self._reader.feed(chunk):
                    yield found
            self._reader.finish()
        except BaseException as error:
            abort()
            self.broken = error if isinstance(error, Refusal) else None
            raise
        self.is_whole = True
        yield end + self._reader.rest


async def open_upload(incoming: Incoming, rule: UploadRule, *, boundary: str) -> Upload:
    """Read the start of a call's body, until it is clear what file it holds.

    Args:
        incoming: the call; its length, where it says one, was held to the route's bound.
        rule: which file is taken.
        boundary: of what goes upstream; nobody can have written it into the file.

    Raises:
        Refusal: `bad_body`, `unsupported_media`, `too_large`; nothing went upstream.
    """
    reader = PartReader(read_boundary(incoming.head.find("content-type") or ""), rule)
    first = b""
    while reader.part is None:
        chunk = await incoming.read_some()
        if not chunk:
            reader.finish()
        first += reader.feed(chunk)
    part, own = reader.part, boundary.encode()
    head = b"\r\n".join(
        [
            b"--" + own,
            f'Content-Disposition: form-data; name="{rule.part}"; filename="{part.file_name}"'.encode(),
            f"Content-Type: {part.kind.media_type}".encode(),
            b"\r\n",
        ]
    )
    mark = b"\r\n--" + own
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    if (told := _read_length(incoming.head)) is not None:
        in_file = told - reader.opening - len(reader.mark) - len(b"--")
        if in_file - len(b"\r\n") > part.kind.limit_bytes:
            raise Refusal("too_large", f"the file is larger than {part.kind.limit_bytes} bytes")
        headers["content-length"] = str(len(head) + in_file + len(mark) + len(b"--"))
    return Upload(headers, incoming, reader, first, (head, mark + b"--"))


def _read_length(head: Head) -> int | None:
    length = head.find("content-length")
    return None if length is None else int(length)
