"""Join the pages of the built site into one, for paper: films become strips, folds are open, links stay within."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from jinja2 import Template

FRAME = re.compile(r"(?:\.\./)*_images/pom-[0-9a-f]{16}\.\w+")
LOOKS = Path(__file__).resolve().parents[2] / "helpers" / "show"  # how films and sliders look
LEFT_OUT = (
    "script:not(.pom-sliders + script), style, .headerlink, .prev-next-area, .tag_setup, button, noscript, .pom-still, "
    "div.cell:not(.tag_solution) details.above-input, details.above-input > summary"  # code that the site folds away
)
PAPER = Path(__file__).with_name("paper.html")
SOLUTION = "A solution"
EVERYWHERE = {"Summary", "Check yourself", "Further reading"}  # sections of every chapter, which no contents need list
SHORT = 16  # lines of code that stay on one page
LEAST = re.compile(r"min\(100%,\s*\d+px\)")  # how narrow a grid's pictures may become on a screen


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents: its words, where it leads, and how deep it lies (1 page, 2 section)."""

    words: str
    anchor: str
    depth: int


def key_of(page: str) -> str:
    """Return a page's name as the beginning of its anchors: ``notebooks-03_the_ideal_pomeranian``."""
    return page.removesuffix(".html").replace("/", "-")


def said_in(code: str, name: str) -> list[str] | str:
    """Return what a film's script has under a name, such as "labels", the words of each frame; or nothing."""
    found = re.search(rf'"{name}":\s*', code)
    return json.JSONDecoder().raw_decode(code, found.end())[0] if found else ""


def strip_of(player: Tag, code: str, soup: BeautifulSoup) -> Tag:
    """Make of a film its first, middle and last picture, with the words that stood beside each, above its curves."""
    still = player.find("img")
    frames = [*FRAME.findall(code), still["src"]]
    labels = said_in(code, "labels")
    strip = soup.new_tag("div", attrs={"class": "strip"})
    for k in sorted({0, (len(frames) - 1) // 2, len(frames) - 1}):
        tile = soup.new_tag("figure")
        tile.append(soup.new_tag("img", attrs={"src": frames[k], "alt": still.get("alt", "")}))
        words = soup.new_tag("figcaption")
        words.string = labels[k] if len(labels) == len(frames) else f"frame {k + 1} of {len(frames)}"
        tile.append(words)
        strip.append(tile)
    curves = BeautifulSoup(said_in(code, "plots"), "html.parser")
    if curves.contents:
        below = soup.new_tag("div", attrs={"class": "curves"})
        below.extend(list(curves.contents))
        strip.append(below)
    return strip


def films_to_strips(article: Tag, soup: BeautifulSoup) -> None:
    """Put strips in the place of all films."""
    for player in article.select(".pom-player"):
        script = player.find_next("script")
        stage = player.select_one(".pom-stage")
        if script is not None and stage is not None:
            stage.replace_with(strip_of(player, script.string or "", soup))


def unfold(article: Tag, soup: BeautifulSoup) -> None:
    """Open what is folded; a solution, whose summary tells of a click, gets a line; answers are turned over."""
    for tag in article.find_all("details"):
        if tag.find("summary", recursive=False) is None:
            tag.name, tag.attrs = "div", {"class": "paper-solution"}
            line = soup.new_tag("p")
            line.string = SOLUTION
            tag.insert(0, line)
        else:
            tag["open"] = ""
            if tag.summary.get_text().strip().startswith("The answers"):
                tag["class"] = [*tag.get("class", []), "paper-answers"]


def tidy(article: Tag) -> None:
    """Make ready what is shaped for screens: grids keep their columns, short code its lines together."""
    for tag in article.select('[style*="auto-fill"]'):
        tag["style"] = LEAST.sub("0px", tag["style"])
    for tag in article.select('div.cell_input, div.cell_output, div[class*="highlight-"]'):
        code = tag.find("pre")
        if code is not None and code.get_text().count("\n") <= SHORT:
            tag["class"] = [*tag["class"], "paper-short"]


def lead_within(article: Tag, page: str, pages: set[str], base: str) -> None:
    """Give a page's anchors its name, and let its links lead to anchors of the book or to the site."""
    key = key_of(page)
    for tag in article.find_all(id=True):
        tag["id"] = f"{key}--{tag['id']}"
    for name in ("for", "aria-labelledby", "aria-describedby"):
        for tag in article.find_all(attrs={name: True}):
            tag[name] = f"{key}--{tag[name]}"
    for tag in article.find_all("a", href=True):
        if urlsplit(tag["href"]).scheme:
            continue
        address, fragment = urldefrag(urljoin(f"/{page}", tag["href"]))
        target = unquote(address).lstrip("/")
        if target in pages and "=" not in fragment:  # or it asks the page to do something, which paper does not
            tag["href"] = f"#{key_of(target)}" + (f"--{unquote(fragment)}" if fragment else "")
        else:
            tag["href"] = f"{base.rstrip('/')}/" + target + (f"#{fragment}" if fragment else "")


def page_on_paper(site: Path, page: str, pages: set[str], base: str) -> tuple[Tag, list[Entry], list[str]]:
    """Return a page's text made ready for paper, its lines in the table of contents, and its own styles."""
    soup = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article")
    styles = [style.string for style in article.find_all("style") if style.string]
    films_to_strips(article, soup)
    for tag in article.select(LEFT_OUT):
        tag.decompose()
    unfold(article, soup)
    tidy(article)
    for tag in article.find_all("img"):
        tag.attrs.pop("loading", None)
        if not urlsplit(tag["src"]).scheme:
            tag["src"] = f"..{urljoin(f'/{page}', tag['src'])}"
    lead_within(article, page, pages, base)
    article["id"] = key_of(page)
    entries = []
    for heading in article.find_all(["h1", "h2"]):
        words = " ".join(heading.get_text().split())
        if heading.name == "h1" and not any(entry.depth == 1 for entry in entries):
            entries.append(Entry(words, key_of(page), 1))
        elif heading.name == "h2" and heading.parent.get("id") and words not in EVERYWHERE:
            heading["id"] = f"{heading.parent['id']}--heading"  # its section may begin on the page before
            entries.append(Entry(words, heading["id"], 2))
    return article, entries, styles


def join_pages(site: Path, pages: list[str], title: str, base: str, places: dict[str, int]) -> tuple[str, list[Entry]]:
    """Return the whole book as one page that lies one folder below the site's root, and its table of contents.

    ``places`` has the page of each of its lines, as far as it is known.
    """
    within = set(pages)
    articles, entries, styles = [], [], [path.read_text(encoding="utf-8") for path in sorted(LOOKS.glob("*.css"))]
    for page in pages:
        article, found, brought = page_on_paper(site, page, within, base)
        articles.append(str(article))
        entries += found
        styles += brought
    styles = dict.fromkeys([*styles, PAPER.with_suffix(".css").read_text(encoding="utf-8")])
    heads = [BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser").head for page in pages]
    head = next((head for head in heads if "mathjax" in str(head).lower()), heads[0])  # not all pages have formulas
    mathematics = [script for script in head.find_all("script") if "mathjax" in str(script).lower()]
    look = {"head": [*head.select('link[rel="stylesheet"]'), *mathematics], "styles": styles}
    template = Template(PAPER.read_text(encoding="utf-8"), autoescape=True, trim_blocks=True)
    return template.render(title=title, base=base, entries=entries, places=places, articles=articles, **look), entries
