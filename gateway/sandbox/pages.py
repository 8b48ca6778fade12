"""How the stand-ins render pages: Jinja2 with autoescape, a content policy without scripts, static files."""

from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

CONTENT_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""No `form-action`: a consent form's answer redirects to another origin, which goes on redirecting, and Chromium holds
every hop against `form-action`."""


class Pages:
    """The templates of one stand-in.

    Args:
        folder: holds `templates/` and `static/`.
        headers: added to each page, for example a stricter policy.
    """

    def __init__(self, folder: Path, **headers: str) -> None:
        self._static = folder / "static"
        self._environment = Environment(
            loader=FileSystemLoader(folder / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._headers = {
            "Content-Security-Policy": CONTENT_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            **headers,
        }

    def render(self, template: str, /, status: int = 200, **values: object) -> web.Response:
        """Render a page; an undefined name in the template is an error."""
        text = self._environment.get_template(template).render(**values)
        return web.Response(text=text, status=status, content_type="text/html", headers=self._headers)

    def find_static(self, name: str) -> web.FileResponse | None:
        """Answer one static file by its plain name, or None; no path ever leaves the folder."""
        if name not in {path.name for path in self._static.iterdir()}:
            return None
        return web.FileResponse(self._static / name, headers={"X-Content-Type-Options": "nosniff"})
