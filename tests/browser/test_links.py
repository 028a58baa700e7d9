"""Every page of the built site, read as text: links and pictures lead somewhere, no other host is asked."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup

from tools.notebooks import rename

ROOT = Path(__file__).resolve().parents[2]
THEMES = ("index.html", "search.html", "genindex.html", "py-modindex.html")  # pages that the theme writes by itself
LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "video": "src", "link": "href"}


@cache
def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path: Path) -> set[str]:
    return {unescape(name) for name in re.findall(r'\s(?:id|name)="([^"]+)"', path.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def pages(site):
    return sorted(path for path in site.rglob("*.html") if not {"_static", "_sources"} & set(path.parts))


def elsewhere(address: str) -> bool:
    return bool(urlsplit(address).scheme or address.startswith("//"))


def test_internal_links_lead_somewhere(site, pages):
    broken = set()
    for page in pages:
        for tag in parsed(page).find_all(["a", *LOADED]):
            address = tag.get(LOADED.get(tag.name, "href"))
            if not address or elsewhere(address):
                continue
            place, fragment = urldefrag(address)
            place = unquote(place.split("?")[0])
            target = (page.parent / place).resolve() if place else page
            if target.is_dir():
                target /= "index.html"
            name = page.relative_to(site).as_posix()
            if not target.is_file():
                broken.add(f"{name}: {address}")
            elif "=" in fragment:  # settings for Climb, which test_climb.py asks for
                continue
            elif fragment and target.suffix == ".html" and unquote(fragment) not in anchors(target):
                broken.add(f"{name}: {address} (no such anchor)")
    assert not broken, "\n".join(sorted(broken))


def test_pages_load_nothing_from_other_hosts(site, pages):
    asked = set()
    for page in pages:
        for tag in parsed(page).find_all(list(LOADED)):
            address = tag.get(LOADED[tag.name]) or ""
            passive = tag.name == "link" and not {"stylesheet", "preload", "modulepreload"} & set(tag.get("rel", []))
            if elsewhere(address) and not address.startswith("data:") and not passive:
                asked.add(f"{page.relative_to(site).as_posix()}: {address}")
    assert not asked, "\n".join(sorted(asked))


def test_launch_buttons_point_to_files_of_this_repository(pages):
    name, opened = rename.current_name(), Counter()
    for page in pages:
        for tag in parsed(page).find_all("a", href=re.compile("colab.research.google.com")):
            prefix = f"https://colab.research.google.com/github/{name}/blob/main/"
            assert tag["href"].startswith(prefix), f"{page.name}: {tag['href']}"
            target = tag["href"].removeprefix(prefix)
            assert (ROOT / target).is_file(), f"{page.name} opens {target}, which is not there"
            if Path(target).stem == page.stem:
                opened[target] += 1
    for chapter in (ROOT / "notebooks").glob("*.ipynb"):
        assert opened[f"notebooks/{chapter.name}"], f"the page of {chapter.stem} has no Colab button"


def test_every_page_has_a_title_a_language_and_one_main_heading(site, pages):
    for page in pages:
        name = page.relative_to(site).as_posix()
        assert parsed(page).html.get("lang"), name
        assert parsed(page).title.get_text(strip=True), name
        if name not in THEMES:
            assert len(parsed(page).find_all("h1")) >= 1, name


def test_ids_are_unique(site, pages):
    for page in pages:
        if page.relative_to(site).as_posix() in THEMES:
            continue
        article = parsed(page).find("article") or parsed(page)
        count = Counter(tag["id"] for tag in article.find_all(id=True))
        assert not [key for key, times in count.items() if times > 1], page.relative_to(site).as_posix()


def test_every_picture_has_alt_text(site, pages):
    for page in pages:
        for tag in (parsed(page).find("article") or parsed(page)).find_all("img"):
            assert tag.get("alt", "").strip(), f"{page.relative_to(site).as_posix()}: {str(tag)[:120]}"
