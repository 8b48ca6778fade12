"""QR codes as SVG that stands in the page itself: no image to fetch, nothing inline that the CSP forbids."""

import segno
from markupsafe import Markup


def draw_qr(text: str) -> Markup:
    """Draw `text` as an SVG element without a size; level M, so that a crumpled print can still be read."""
    drawing = segno.make_qr(text, error="m").svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None)
    return Markup(drawing)  # noqa: S704 - modules drawn by segno; the text stands in no tag
