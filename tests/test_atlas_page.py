"""The hook that writes the atlas into its page: all within, nothing that ends too early, numbers from the data."""

from __future__ import annotations

import copy
import json
from html.parser import HTMLParser

import pytest
from bs4 import BeautifulSoup

from tools.site import atlas_page
from tools.site.atlas_page import BadAtlas, atlas_html, introduction, read_atlas, took_off

CLASS = {"logit": 41.2, "guess": ["tench", "coho"], "guess_probability": [0.83, 0.41], "order": 0, "nearest": [1, 2, 0]}
NAMES = ["tench", "jack-o'-lantern", "</script><b>odd & even"]
ATLAS = {
    "network": "Some Net",
    "call": "draw({name!r})",
    "recipe": "8 steps",
    "judges": ["Judge A", "Judge B"],
    "kin": {},
    "restarted": 0,
    "grounded": [],
    "agreement": {"top1": [0.5, 0.25], "top5": [0.75, 0.996]},
    "tile": {"side": 96, "across": 10, "each": 2},
    "large": {"side": 224, "across": 5, "each": 25},
    "classes": [CLASS | {"name": name, "ranks": [1, k + 7], "beliefs": [0.83, 0.125]} for k, name in enumerate(NAMES)],
}


class Watch(HTMLParser):
    """Writes down which tags are open at the end, what a browser asks for by itself, and where a reader may go."""

    def __init__(self):
        super().__init__()
        self.open, self.asked, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("img", "input", "br", "meta", "link"):
            self.open.append(tag)
        links = self.links if tag == "a" else self.asked
        links += [value for key, value in attrs if key in ("src", "srcset", "href", "data", "poster")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_holds_its_data_and_asks_for_nothing_but_sheets():
    page = atlas_html(ATLAS, "../_static/atlas")
    soup = BeautifulSoup(page, "html.parser")
    assert json.loads(soup.select_one("script.atlas-data").string) == ATLAS
    watch = Watch()
    watch.feed(page)
    assert watch.open == []
    assert watch.asked == ["../_static/atlas/tiles-0.avif", "../_static/atlas/tiles-1.avif"]
    assert watch.links == ["climb.html"]
    for name in atlas_page.SCRIPTS:
        assert (atlas_page.PARTS / name).read_text(encoding="utf-8") in page
    assert "fetch(" not in page and "http" not in page


def test_every_file_of_the_folder_is_on_the_page():
    used = {*atlas_page.SCRIPTS, atlas_page.SHELL, atlas_page.STYLE}
    assert {path.name for path in atlas_page.PARTS.iterdir()} == used


def test_without_a_script_there_are_sheets_and_a_table_of_all():
    soup = BeautifulSoup(atlas_html(ATLAS, "sheets"), "html.parser")
    assert soup.select_one(".atlas-live").has_attr("hidden"), "what needs a script must wait for it"
    assert [image["alt"] for image in soup.select(".atlas-sheets img")] == [
        "Pictures of the classes 0 to 1, from tench to jack-o'-lantern",
        "Pictures of the classes 2 to 2, from </script><b>odd & even to </script><b>odd & even",
    ]
    assert all(image["loading"] == "lazy" and image["width"] == "960" for image in soup.select(".atlas-sheets img"))


def test_the_table_says_place_and_belief_of_each_judge():
    rows = BeautifulSoup(atlas_html(ATLAS, "sheets"), "html.parser").select(".atlas-names tbody tr")
    cells = [[cell.get_text() for cell in row.find_all(["td", "th"])] for row in rows]
    assert cells[1] == ["1", "jack-o'-lantern", "41.2", "1, 83.0%", "8, 12.5%"]
    assert [row[1] for row in cells] == NAMES


def test_the_introduction_takes_its_numbers_from_the_data():
    assert introduction(ATLAS) == (
        "Some Net drew all 3 (8 steps). Judge A and Judge B, which had no part in it, looked at them afterwards: they "
        "name the class first in 50% and 25% of the pictures, and among their first five in 75% and 99.6%."
    )


def test_the_introduction_names_all_who_drew_and_which_judges_are_their_kin():
    said = introduction(ATLAS | {"network": "Some Net + B-Net", "kin": {"Judge B": ["B-Net"]}})
    assert said.startswith("Some Net and B-Net, taking turns, drew all 3 (8 steps). ")
    assert said.endswith(" (Judge B is kin to B-Net.)")
    both = introduction(ATLAS | {"kin": {"Judge A": ["B-Net"], "Judge B": ["B-Net"]}})
    assert both.endswith(" (Judge A and Judge B are kin to B-Net.)")


@pytest.mark.parametrize(
    "restarted, grounded, said",
    [
        (1, [], "1 did not take off at once and was begun again. In the end every picture took off."),
        (3, ["tench", "hook"], "3 did not take off at once and were begun again. tench and hook never took off."),
        (0, ["tench"], "tench never took off."),
    ],
)
def test_the_introduction_says_what_was_begun_again(restarted, grounded, said):
    assert took_off({"restarted": restarted, "grounded": grounded}) == said


@pytest.mark.parametrize("words, joined", [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_words_are_joined(words, joined):
    assert atlas_page.listed(words) == joined


def test_bad_data_are_named(tmp_path):
    path = tmp_path / "atlas.json"
    with pytest.raises(BadAtlas, match=r"atlas\.json cannot be read"):
        read_atlas(path)
    path.write_text(json.dumps({key: value for key, value in ATLAS.items() if key != "judges"}))
    with pytest.raises(BadAtlas, match="has no judges"):
        read_atlas(path)
    odd = copy.deepcopy(ATLAS)
    odd["classes"][1]["beliefs"] = [0.5]
    path.write_text(json.dumps(odd))
    with pytest.raises(BadAtlas, match="jack-o'-lantern"):
        read_atlas(path)
    path.write_text(json.dumps(ATLAS))
    assert read_atlas(path) == ATLAS


def test_a_script_that_would_end_early_is_refused(tmp_path):
    for path in atlas_page.PARTS.iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / atlas_page.SCRIPTS[0]).write_text("const end = '</script>';")
    with pytest.raises(BadAtlas, match="closing tag"):
        atlas_html(ATLAS, "sheets", tmp_path)
