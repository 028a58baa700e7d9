"""Cut the theme's icon fonts down to the icons that the pages draw: some hundred kilobytes become a few.

The theme brings every icon there is three times: as a script of 1.5 MB that draws them, as fonts, and as a rule of
style for each. The fonts and their rules do alone, so the script goes; of the fonts and the rules stays what is used.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

ICON = re.compile(r"\bfa-([a-z0-9-]+)")
RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:{1,2}before,?)+)\{content:"\\([0-9a-f]{2,5})[^"]*"\}')
GLYPH = re.compile(r'"\\(f[0-9a-f]{3})"')
FACE = re.compile(
    r"src:url\((?P<stem>[^)\"']+webfonts/[\w-]+)\.woff2\) format\(\"woff2\"\)(,url\([^)]+\) format\(\"truetype\"\))?"
)


def icons_used(texts: list[str]) -> set[str]:
    """Return the names of the icons that pages and scripts draw: ``moon`` for ``class="fa-solid fa-moon"``."""
    return {name for text in texts for name in ICON.findall(text)}


def keep_rules(style: str, used: set[str]) -> str:
    """Leave out the rules of icons that no page draws."""

    def kept(match: re.Match) -> str:
        return match.group(0) if used & set(ICON.findall(match.group(1))) else ""

    return RULE.sub(kept, style)


def glyphs(styles: list[str]) -> set[int]:
    """Return the code points of the icons that styles draw."""
    return {int(code, 16) for style in styles for code in GLYPH.findall(style)}


def cut(font: bytes, codes: set[int]) -> bytes:
    """Return a font with these glyphs alone, as WOFF."""
    from fontTools import subset, ttLib

    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    face = ttLib.TTFont(io.BytesIO(font), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(face)
    face.flavor = "woff"
    memory = io.BytesIO()
    face.save(memory)
    return memory.getvalue()


def cut_icon_fonts(site: Path, pages: list[str]) -> bool:
    """Cut fonts and styles of a built site; return False where the theme draws its icons in another way."""
    styles = {path: path.read_text(encoding="utf-8") for path in (site / "_static").rglob("*.css")}
    drawing = [path for path, style in styles.items() if FACE.search(style)]
    if not drawing:  # cut before; or drawn by fonts that are there as WOFF2 alone (newer themes), which stay whole
        return any("webfonts/" in style and "@font-face" in style for style in styles.values())
    scripts = [path.read_text(encoding="utf-8") for path in (site / "_static").rglob("*theme*.js")]
    used = icons_used(pages + scripts)
    for path in drawing:
        styles[path] = keep_rules(styles[path], used)
    codes = glyphs(list(styles.values()))
    for path in drawing:
        for stem in {match["stem"] for match in FACE.finditer(styles[path])}:
            font = (path.parent / f"{stem}.ttf").resolve()
            font.with_suffix(".woff").write_bytes(cut(font.read_bytes(), codes))
        path.write_text(FACE.sub(r'src:url(\g<stem>.woff) format("woff")', styles[path]), encoding="utf-8")
    return True
