"""Write the images that a page carries within itself into files of their own, loaded when the reader comes near.

A chapter's outputs hold their images as base64, a third larger than they are, and the page could show nothing before
all had arrived. Here each becomes a file in `_images`, named by its content (so that nothing changes unless it does).
`<img>` says how large it will be and waits for the reader; a film's frames are listed at the end of the page, and
`later.js` fetches them, and all that waits, once the page stands: after that, no network is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from PIL import Image, UnidentifiedImageError

LEAST = 1000  # letters of base64: smaller images stay
FORMATS = {"webp": "webp", "png": "png", "jpeg": "jpg", "gif": "gif"}
DATA = re.compile(rf"data:image/({'|'.join(FORMATS)});base64,([A-Za-z0-9+/]{{{LEAST},}}={{0,2}})")
# A film's script puts what its frames begin with before each of them, so that of these all go or none.
PREFIX = re.compile(r'"data:image/webp;base64,"\s*\+\s*')
FRAME = re.compile(r'"(UklGR[A-Za-z0-9+/]{40,}={0,2})"')
SCRIPT = re.compile(r"(<script\b[^>]*>)(.*?)(</script>)", re.DOTALL)
IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]+)"')
WRITTEN = re.compile(r"pom-[0-9a-f]{16}\.(?:webp|png|jpg|gif)")


def write_image(data: bytes, ending: str, folder: Path) -> str:
    """Write an image, unless it is there, and return its file's name."""
    name = f"pom-{hashlib.sha256(data).hexdigest()[:16]}.{ending}"
    path = folder / name
    if not path.is_file() or path.stat().st_size != len(data):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return name


def externalize(body: str, folder: Path, address: str) -> tuple[str, list[str]]:
    """Write the images in some HTML to a folder, which is ``address`` as seen from the page.

    Returns the HTML with addresses in their place, and the addresses that scripts hold: those of the films' frames.
    """
    frames: list[str] = []

    def written(data: str, ending: str) -> str:
        return f"{address}/{write_image(base64.b64decode(data, validate=True), ending, folder)}"

    def image(match: re.Match) -> str:
        try:
            return written(match[2], FORMATS[match[1]])
        except binascii.Error:
            return match[0]

    def script(match: re.Match) -> str:
        code = DATA.sub(image, match[2])
        if PREFIX.search(code) and FRAME.search(code):
            code = PREFIX.sub("", FRAME.sub(lambda frame: json.dumps(written(frame[1], "webp")), code))
        frames.extend(re.findall(rf"{re.escape(address)}/{WRITTEN.pattern}", code))
        return match[1] + code + match[3]

    body = SCRIPT.sub(script, body)
    return DATA.sub(image, body), list(dict.fromkeys(frames))


@cache
def size_of(path: Path, _stamp: int) -> tuple[int, int] | None:
    """Return an image's width and height, if Pillow knows its format."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, UnidentifiedImageError):
        return None


def lazy(body: str, size) -> str:
    """Let each ``<img>`` say its size and wait for the reader; those before the first section are seen at once.

    ``size`` is a function from an ``<img>``'s address to its width and height, or to None.
    """
    fold = body.find("<h2")

    def tag(match: re.Match) -> str:
        image, source, added = match[0], SOURCE.search(match[0]), ""
        if not re.search(r"\b(?:width|height)=", image) and source and (found := size(html.unescape(source[1]))):
            added += f' width="{found[0]}" height="{found[1]}"'
        if "loading=" not in image and not 0 <= match.start() < fold:
            added += ' loading="lazy"'
        if "decoding=" not in image:
            added += ' decoding="async"'
        return image[:4] + added + image[4:]

    return IMAGE.sub(tag, body)


def externalize_images(app, pagename: str, _template: str, context: dict, _doctree) -> None:
    """Sphinx's hook: as a page is written."""
    if "body" not in context or app.builder.format != "html":
        return
    site = Path(app.outdir)
    folder = site / app.builder.imagedir
    body, frames = externalize(context["body"], folder, "../" * pagename.count("/") + app.builder.imagedir)
    later = {name: Path(app.srcdir) / path for path, name in app.builder.images.items()}  # copied after the pages

    def size(source: str) -> tuple[int, int] | None:
        path = (site / pagename).parent / unquote(source)
        path = path if path.is_file() else later.get(path.name, path)
        return size_of(path.resolve(), path.stat().st_mtime_ns) if path.is_file() else None

    context["body"] = lazy(body, size)
    if frames:
        context["body"] += f'\n<script type="application/json" class="pom-later">{json.dumps(frames)}</script>\n'


def remove_unused(site: Path, folder: Path) -> None:
    """Remove the images and cards that no page shows any more."""
    pages = "".join(page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
    for path in folder.glob("*"):
        if path.name.startswith(("pom-", "card-")) and path.name not in pages:
            path.unlink()
