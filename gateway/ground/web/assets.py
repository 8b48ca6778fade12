"""The stylesheet and the mark: read once, named by their own hash, kept by browsers for ever."""

from gzip import compress
from hashlib import sha256
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


class Assets:
    """Every file of `static/`, held in memory.

    A changed file has another address, so no one ever sees an old stylesheet with a new page.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self._files[name]

    def url(self, name: str) -> str:
        """Return the path of a file; an unknown name is a bug."""
        return f"/static/{sha256(self._files[name]).hexdigest()[:16]}/{name}"

    def routes(self) -> list[web.RouteDef]:
        """Return one public GET route for each file."""
        return [web.get(self.url(name), _serve(name, body)) for name, body in self._files.items()]


def _serve(name: str, body: bytes) -> Handler:
    zipped = compress(body, mtime=0)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Vary": "Accept-Encoding",
    }

    async def serve(request: web.Request) -> web.Response:
        is_zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        coding = {"Content-Encoding": "gzip"} if is_zipped else {}
        kind = TYPES[Path(name).suffix]
        content = zipped if is_zipped else body
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=headers | coding)

    return serve
