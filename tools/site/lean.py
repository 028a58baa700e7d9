"""Take out of the built pages what they do not use: scripts that nothing on them calls, and files that none loads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tools.site.icon_fonts import cut_icon_fonts
from tools.site.lean_styles import make_styles_lean, plain_code

SCRIPT = r'\s*<script\b[^>]*\bsrc="[^"]*{name}[^"]*"[^>]*></script>'
ICONS = re.compile(SCRIPT.format(name=r"fontawesome\.js"))
SEARCH = re.compile(SCRIPT.format(name=r"(?:searchtools|language_data|searchindex)\.js"))
FORMULAS = re.compile(SCRIPT.format(name="mathjax/") + r"|\s*<script>window\.MathJax = [^<]*</script>")
TABS = re.compile(SCRIPT.format(name=r"design-tabs\.js"))
COPIES = re.compile(SCRIPT.format(name=r"(?:clipboard\.min|copybutton)\.js"))
TOGGLES = re.compile(
    SCRIPT.format(name=r"togglebutton\.js") + r"|\s*<script>(?:let toggle\w+|var togglebuttonSelector) = [^<]*</script>"
)
MATHEMATICS = re.compile(r'class="[^"]*\b(?:math|tex2jax_process|output_area)\b|\\\(|\$\$')
# Where a student's version of the cell is cut; of no use to who reads the solution.
MARKS = re.compile(r'[ \t]*<span class="c1">### (?:BEGIN|END) SOLUTION</span>\n')
THEME = re.compile(r'(<html\b[^>]*)data-theme="auto"')  # a script chooses; without one, "auto" is no theme at all
# Of the theme, and asked for by no page: maps for its developers, and its words in other languages.
UNUSED = ("_static/scripts/*.map", "_static/styles/*.map", "_static/locales", "_static/*webpack-macros.html")


def lean(page: str, name: str, icons_in_fonts: bool) -> str:
    """Return a page's HTML without the scripts, and the marks in its code, that it has no use for."""
    body = page[page.find("<main") :]
    if icons_in_fonts:
        page = ICONS.sub("", page)
    if name != "search.html":
        page = SEARCH.sub("", page)
    if not MATHEMATICS.search(body) and not name.startswith("notebooks/"):
        page = FORMULAS.sub("", page)
    if "sd-tab-" not in body:
        page = TABS.sub("", page)
    if 'class="highlight' not in body:
        page = COPIES.sub("", page)
    if not re.search(r'class="[^"]*\b(toggle|dropdown|tag_hide|hide)\b', body):
        page = TOGGLES.sub("", page)
    page = THEME.sub(r'\1data-theme="light"', page, count=1)
    return MARKS.sub("", page)


def make_lean(site: Path) -> None:
    """Make the pages of a built site lean, and remove the files that no page asks for. Twice is as good as once."""
    pages = [path for path in sorted(site.rglob("*.html")) if not {"_static", "_sources"} & set(path.parts)]
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    in_fonts = cut_icon_fonts(site, list(texts.values()))
    make_styles_lean(site, list(texts.values()))
    colors = (site / "_static" / "pygments.css").read_text(encoding="utf-8")
    for path, text in texts.items():
        changed = plain_code(lean(text, path.relative_to(site).as_posix(), in_fonts), colors)
        if changed != text:
            path.write_text(changed, encoding="utf-8")
    for pattern in UNUSED + (("_static/scripts/fontawesome.js*",) if in_fonts else ()):
        for path in site.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    if in_fonts:
        for path in (site / "_static").rglob("webfonts/*"):
            if path.suffix in (".ttf", ".woff2") and path.with_suffix(".woff").is_file():
                path.unlink()
