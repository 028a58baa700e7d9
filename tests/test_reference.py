"""The reference page of helpers: what makes a picture shows it, and the line beside it is the line that made it."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from pathlib import Path

import pytest
from PIL import Image

import helpers
from helpers import Style
from tools.draw import reference as draw_reference
from tools.site import reference as reference_pictures
from tools.site.reference import FOLDER, figure, first_chapters, lines, stored

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book" / "helpers_reference.md").read_text(encoding="utf-8")
ALL = re.findall(r"^\.\. (?:auto\w+:: helpers\.|py:data:: )([\w.]+)$", PAGE, re.MULTILINE)
ALL_OF_THEM, ONE_OF_THEM = 600_000, 40_000  # bytes
WITHOUT_A_PICTURE = {
    "data": {"Style", "Bound", "Network", "Opinion", "enlarge", "octave_sizes", "Tiles"},
    "numbers": {"power_spectrum"},
    "errors": {"NoClassifier", "NotFinite", "WeightsCorrupt", "WeightsUnavailable"},
    "files": {"last_result", "load_result", "save_film", "save_gif", "save_png"},
    "html": {"Shown", "thumbnail"},
    "intervals": {"bootstrap", "wilson"},
    "words, checks": {"about", "check_images", "is_fast", "is_quiet", "pace", "show_table", "show_text"},
    "networks": {"load_network"},
    "exercises": {"Unwritten", "Wrong", "as_answer", "gradient", "try_answer"},
    "an empty figure, and a panel that wants a kernel": {"new_figure", "explore"},
}
NONE = set().union(*WITHOUT_A_PICTURE.values())
OF_THE_ATLAS = tuple(f"helpers.atlas.{name}" for name in ("plan", "cluster", "stored", "render"))  # it is all pictures
BY_ANOTHER_NAME = {"Objective": "class_logit", "Result": "result"}  # what stands for them in their line


def of_the_atlas(name: str) -> bool:
    """Whether a name belongs to chapter 9, whose pictures have pages of their own."""
    home = getattr(getattr(helpers, name, None), "__module__", f"helpers.{name.rpartition('.')[0]}")
    return home in OF_THE_ATLAS


LISTED = [name for name in ALL if not of_the_atlas(name)]


def names_in(code: str) -> set[str]:
    """The names and attributes that an expression uses, without those that it binds itself."""
    tree = ast.walk(ast.parse(code, mode="eval"))
    found, bound = set(), set()
    for node in tree:
        if isinstance(node, ast.Name):
            (bound if isinstance(node.ctx, ast.Store) else found).add(node.id)
    return found - bound


def test_every_name_that_makes_a_picture_shows_it():
    assert len(LISTED) > 60
    assert not NONE - set(LISTED), "names that the page no longer has"
    missing = [name for name in LISTED if name not in NONE and name not in stored()]
    assert not missing, f"python -m tools.draw.reference {' '.join(missing)}"
    strangers = [name for name in lines() if name not in LISTED and name.split(".")[0] not in LISTED]
    assert not strangers, "lines for names that the page does not have"
    assert not NONE & set(lines())


def test_public_names_are_on_the_page():
    assert not set(helpers.__all__) - set(ALL)
    assert {"STYLES", "MeanStep", "Style", "Tiles"} <= set(LISTED)
    assert all(inspect.isclass(one) for one in (helpers.MeanStep, Style, helpers.Tiles))


@pytest.mark.parametrize("name", lines())
def test_a_line_can_be_run(name):
    line = lines()[name]
    given = set(re.findall(r'"(\w+)"', inspect.getsource(draw_reference.names)))
    for code in (line["code"], line.get("before", "photo")):
        unknown = names_in(code) - set(helpers.__all__) - given - set(dir(builtins))
        assert not unknown, f"{code} names {unknown}"
    own = BY_ANOTHER_NAME.get(name, name.split(".")[0] if name[0].isupper() else name.split(".")[-1])
    assert own in names_in(line["code"]), f"{line['code']} does not show {name}"
    assert line["alt"].endswith(".") and len(line["alt"]) < 160


@pytest.mark.parametrize("name", stored())
def test_a_picture_is_of_its_line(name):
    made = stored()[name]
    assert made["code"] == lines()[name]["code"], f"python -m tools.draw.reference {name}"
    assert set(made["files"]) in ({""}, {"light", "dark"})
    for file in made["files"].values():
        with Image.open(FOLDER / file) as picture:
            dense = draw_reference.SHARP if len(made["files"]) > 1 else 1
            assert picture.format == "WEBP" and picture.width >= dense * made["width"] - 1
            assert picture.width / picture.height == pytest.approx(made["width"] / made["height"], rel=0.02)
        assert (FOLDER / file).stat().st_size < ONE_OF_THEM
    shown = figure(name, "../_static")
    assert shown.count('loading="lazy"') == len(made["files"])
    assert f'width="{made["width"]}" height="{made["height"]}"' in shown
    assert f'src="../_static/reference/{file}"' in shown


def test_pictures_are_few_bytes_and_all_are_used():
    files = {path.name for path in FOLDER.glob("*.webp")}
    assert files == {file for made in stored().values() for file in made["files"].values()}
    assert sum((FOLDER / file).stat().st_size for file in files) < ALL_OF_THEM


def test_an_entry_says_in_which_chapter_its_name_is_met():
    for name in set(LISTED) - NONE:
        own = getattr(helpers, name, None)
        words = inspect.getdoc(own) or ""
        assert re.search(r"[Cc]hapters? \d", words) or name.split(".")[-1] in first_chapters(), name
    assert first_chapters()["ascend"].startswith("02_")
    assert reference_pictures.figure("load_network", "../_static") == ""
