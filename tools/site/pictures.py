"""Lift the pictures that a page carries within itself into files of their own, loaded when the reader comes near.

A chapter's outputs hold their pictures as base64, a third larger than they are, and the page could show nothing before
all had arrived. Here each becomes a file in `_images`, named by its content (so that nothing changes unless it does).
`<img>` says how large it will be and waits for the reader; a film's frames are listed at the end of the page, and
`later.js` fetches them, and all that waits, once the page stands: after that, no network is needed.

Noise is what a picture format can do least about, and this book has much of it. A still that is noise and heavy
is stored anew, after it has been given twice in advance what the format takes away: fine contrast, above all. A still
that shows something, however heavy, is left alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import io
import json
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from urllib.parse import unquote

LEAST = 1000  # bytes of base64: smaller ones stay
KINDS = {"webp": "webp", "png": "png", "jpeg": "jpg", "gif": "gif"}
STARTS = {"UklGR": "webp", "iVBORw0KGgo": "png", "/9j/": "jpg", "R0lGOD": "gif"}  # base64 of each format's first bytes
WHOLE = re.compile(rf"data:image/({'|'.join(KINDS)});base64,([A-Za-z0-9+/]{{{LEAST},}}={{0,2}})")
BARE = re.compile(rf'"((?:{"|".join(map(re.escape, STARTS))})[A-Za-z0-9+/]{{40,}}={{0,2}})"')  # a film's: all or none
PREFIX = re.compile(r'"data:image/(?:webp|png|jpeg);base64,"\s*\+\s*')  # what a film's script puts before each frame
SCRIPT = re.compile(r"(<script\b[^>]*>)(.*?)(</script>)", re.DOTALL)
IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]+)"')
HEAVY, WORTH = 0.4, 0.9  # bytes a pixel above which noise is stored anew, if it comes to this share of its bytes
BLOCK, COARSE = 16, 0.095  # it is noise if the means of blocks of so many pixels a side hold less of the variance
AS_SEEN, STORED = {"quality": 95, "method": 2}, {"quality": 60, "method": 6}  # settings of WebP
LINKED = re.compile(r"pom-[0-9a-f]{16}\.(?:webp|png|jpg|gif)")


def keep(data: bytes, kind: str, folder: Path) -> str:
    """Write a picture, unless it is there, and return its file's name."""
    name = f"pom-{hashlib.sha256(data).hexdigest()[:16]}.{kind}"
    path = folder / name
    if not path.is_file() or path.stat().st_size != len(data):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return name


def lighter(data: bytes, known: Path) -> bytes:
    """Return a heavy still of noise in fewer bytes, and any other picture as it is.

    Args:
        data: the picture's file. Lossy WebP without alpha is considered, nothing else.
        known: a folder that remembers what came out, so that the next build need not encode it again.
    """
    if data[12:16] != b"VP8 ":
        return data
    place = (
        known / hashlib.sha256(data + repr((HEAVY, WORTH, BLOCK, COARSE, AS_SEEN, STORED)).encode()).hexdigest()[:32]
    )
    if not place.is_file():
        known.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(".part")
        unfinished.write_bytes(_stored_anew(data))
        unfinished.replace(place)
    return place.read_bytes() or data


def coarse_share(pixels) -> float:
    """How much of an image's variance the means of its blocks have, near 0 for noise: an array (H, W, 3) -> [0, 1]."""
    rows, columns = (side // BLOCK for side in pixels.shape[:2])
    if not rows * columns:
        return 1.0
    blocks = pixels[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, -1).mean(axis=(1, 3))
    variance = pixels.var(axis=(0, 1)).mean()
    return float(blocks.var(axis=(0, 1)).mean() / variance) if variance else 1.0


def _stored_anew(data: bytes) -> bytes:
    """A still in fewer bytes; nothing, if it is not heavy, is no noise, or not much is gained."""
    import numpy as np
    from PIL import Image

    def decoded(file: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"), dtype=float)

    def encoded(values: np.ndarray, settings: dict[str, int]) -> bytes:
        file = io.BytesIO()
        Image.fromarray(values.clip(0, 255).round().astype("uint8")).save(file, "WEBP", **settings)
        return file.getvalue()

    wanted = decoded(data)
    if len(data) <= HEAVY * wanted[..., 0].size or coarse_share(wanted) > COARSE:
        return b""
    given = wanted
    for _ in range(2):
        given = given + wanted - decoded(encoded(given, AS_SEEN))
    anew = encoded(given, STORED)
    return anew if len(anew) < WORTH * len(data) else b""


def lift(body: str, folder: Path, address: str, still: Callable[[bytes], bytes] = bytes) -> tuple[str, list[str]]:
    """Write the pictures in some HTML to a folder.

    Args:
        body: the HTML.
        folder: where the pictures go.
        address: that folder as seen from the page, such as ``../_images``.
        still: what makes of a picture outside scripts the one that is written, such as a lighter one.

    Returns:
        The HTML with addresses in their place, and the addresses that scripts hold: those of the films' frames.
    """
    frames: list[str] = []

    def file_for(data: str, kind: str, made: Callable[[bytes], bytes] = bytes) -> str | None:
        try:
            return f"{address}/{keep(made(base64.b64decode(data, validate=True)), kind, folder)}"
        except binascii.Error:
            return None

    def whole(match: re.Match, made: Callable[[bytes], bytes] = bytes) -> str:
        return file_for(match[2], KINDS[match[1]], made) or match[0]

    def bare(match: re.Match) -> str:
        kind = next(kind for start, kind in STARTS.items() if match[1].startswith(start))
        return json.dumps(file_for(match[1], kind) or match[1])

    def script(match: re.Match) -> str:
        code = WHOLE.sub(whole, match[2])
        if PREFIX.search(code) and BARE.search(code):
            code = PREFIX.sub("", BARE.sub(bare, code))
        frames.extend(re.findall(rf"{re.escape(address)}/{LINKED.pattern}", code))
        return match[1] + code + match[3]

    body = SCRIPT.sub(script, body)
    return WHOLE.sub(partial(whole, made=still), body), list(dict.fromkeys(frames))


@cache
def size_of(path: Path, _stamp: int) -> tuple[int, int] | None:
    """Return a picture's width and height, if Pillow knows its format."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError):
        return None


def patient(body: str, sizes) -> str:
    """Let each ``<img>`` say its size and wait for the reader; those before the first section are seen at once.

    Args:
        body: the HTML of a page.
        sizes: a function from an ``<img>``'s address to its width and height, or to None.
    """
    fold = body.find("<h2")

    def tag(match: re.Match) -> str:
        image, source = match[0], SOURCE.search(match[0])
        added = ""
        if not re.search(r"\b(?:width|height)=", image) and source and (size := sizes(html.unescape(source[1]))):
            added += f' width="{size[0]}" height="{size[1]}"'
        if "loading=" not in image and not 0 <= match.start() < fold:
            added += ' loading="lazy"'
        if "decoding=" not in image:
            added += ' decoding="async"'
        return image[:4] + added + image[4:]

    return IMAGE.sub(tag, body)


def lift_pictures(app, pagename: str, _template: str, context: dict, _doctree) -> None:
    """Sphinx's hook: as a page is written, lift the pictures of its text."""
    if "body" not in context or app.builder.format != "html":
        return
    site = Path(app.outdir)
    address = "../" * pagename.count("/") + app.builder.imagedir
    still = partial(lighter, known=site.parent / "lighter")
    body, frames = lift(context["body"], site / app.builder.imagedir, address, still)

    def sizes(source: str) -> tuple[int, int] | None:
        path = (site / pagename).parent / unquote(source)
        if not path.is_file():  # Sphinx copies its own after the pages: look where it takes them from
            path = next(
                (Path(app.srcdir) / key for key, value in app.builder.images.items() if value == path.name), path
            )
        return size_of(path.resolve(), path.stat().st_mtime_ns) if path.is_file() else None

    body = patient(body, sizes)
    if frames:
        body += f'\n<script type="application/json" class="pom-later">{json.dumps(frames)}</script>\n'
    context["body"] = body


def forget_unused(site: Path, folder: Path) -> None:
    """Remove lifted pictures that no page shows any more."""
    shown = {name for page in site.rglob("*.html") for name in LINKED.findall(page.read_text(encoding="utf-8"))}
    for path in folder.glob("pom-*"):
        if LINKED.fullmatch(path.name) and path.name not in shown:
            path.unlink()
