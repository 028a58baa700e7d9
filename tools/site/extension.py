"""What the site needs of Sphinx beyond Jupyter Book: formulas without another host, light pages, links nobody types."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from sphinx.highlighting import PygmentsBridge

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for `tools` and, on its reference page, `helpers`

from tools.site.atlas_page import Atlas  # noqa: E402
from tools.site.climb_page import Climb, place_engine  # noqa: E402
from tools.site.covers import DrawnBy, landing_follows, place_covers  # noqa: E402
from tools.site.links import link_mentions  # noqa: E402
from tools.site.pictures import externalize_images, remove_unused  # noqa: E402
from tools.site.reference import place_pictures  # noqa: E402
from tools.site.repairs import FewerSpans, mend_page, nowrap_formulas, present_solutions  # noqa: E402
from tools.site.social_cards import add_card  # noqa: E402

# TeX in, HTML and its fonts out, the rarer TeX packages, MathML for screen readers. Not the menu: half as much again.
MATHJAX_PARTS = ("startup.js", "core.js", "input/tex.js", "input/tex/extensions", "output/chtml.js")
MATHJAX_PARTS += ("output/chtml/fonts", "a11y/assistive-mml.js")


def mathjax_source() -> Path:
    """Return the folder of MathJax's files inside the package that carries them (found without importing it)."""
    spec = find_spec("mathjax")
    if spec is None:
        raise ModuleNotFoundError("MathJax is missing: pip install -r requirements.txt brings django-static-mathjax")
    return Path(spec.submodule_search_locations[0]) / "static" / "mathjax" / "es5"


def copy_mathjax(source: Path, target: Path) -> None:
    """Copy the parts of MathJax that a page may load, unless they are there."""
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if not (target / part).exists():
            copy = shutil.copytree if (source / part).is_dir() else shutil.copy2
            copy(source / part, target / part)


def finish(app, exception) -> None:
    """Put MathJax and the modules of Climb beside the pages, and take away the pictures that none shows."""
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    copy_mathjax(mathjax_source(), site / "_static" / "mathjax")
    place_engine(site)
    remove_unused(site, site / app.builder.imagedir)


def one_search(app, config) -> None:
    """Keep the theme's newer versions from adding a bar with a second search field above the first."""
    config.html_theme_options.setdefault("navbar_persistent", [])


def readable(app, what, name, thing, options, signature, returns):
    """Let Sphinx read a signature that holds a ``<factory>``, which is no Python, as one that holds a ``...``."""
    return (signature.replace("<factory>", "..."), returns) if signature else None


def setup(app) -> dict:
    """Sphinx's hook: what is done to pages as they are read, resolved and written, and to the site after the build."""
    PygmentsBridge.html_formatter = FewerSpans
    app.add_js_file("later.js")
    app.add_directive("atlas", Atlas)
    app.add_directive("climb", Climb)
    app.add_directive("drawn-by", DrawnBy)
    app.connect("config-inited", one_search)
    app.connect("env-get-outdated", landing_follows)
    app.connect("source-read", present_solutions)
    app.connect("autodoc-process-signature", readable)
    app.connect("doctree-resolved", link_mentions, priority=900)
    app.connect("doctree-resolved", place_covers, priority=940)
    app.connect("doctree-resolved", place_pictures, priority=950)
    app.connect("doctree-resolved", nowrap_formulas, priority=960)
    app.connect("html-page-context", add_card)
    app.connect("html-page-context", mend_page, priority=800)
    app.connect("html-page-context", externalize_images, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
