"""The teacher's pages: plans whose minutes add up, and pointers that lead to something."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tools.site.self_checks import FOLDER, read_questions

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = {int(path.stem[:2]): path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
LESSONS = (ROOT / "book" / "teaching_lessons.md").read_text(encoding="utf-8")
PICTURES = (ROOT / "book" / "teaching_pictures.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "book" / "teachers_guide.md").read_text(encoding="utf-8")
PARTS = {int(part[0]): part for part in re.split(r"^## (?=\d)", LESSONS, flags=re.MULTILINE)[1:]}

chapters = pytest.mark.parametrize("number", CHAPTERS)


def numbered(path: Path) -> set[str]:
    """The numbers of a chapter's sections and exercises."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"^##+ (?:Exercise )?(\d+\.\d+)", text, re.MULTILINE))


def clock(column: list[str]) -> list[tuple[int, int]]:
    return [tuple(map(int, cell.split("–"))) for cell in column if cell != "skip"]


@chapters
def test_the_minutes_of_each_plan_add_up(number):
    rows = re.findall(r"^\| (\d+–\d+) \| (\d+–\d+|skip) \| (.+?) \| (.+) \|$", PARTS[number], re.MULTILINE)
    assert len(rows) >= 8
    for column, whole in ((0, 90), (1, 50)):
        spans = clock([row[column] for row in rows])
        assert [begin for begin, _ in spans] == [0, *(end for _, end in spans[:-1])], "minutes are missing or double"
        assert spans[-1][1] == whole
        assert all(begin < end for begin, end in spans)


@chapters
def test_each_chapter_has_misconceptions_and_what_to_say(number):
    table = PARTS[number].split("| They say | Ask | Then say |")[1].split("```")[0]
    rows = [row for row in table.strip().splitlines()[1:] if row.strip()]
    assert len(rows) >= 5
    assert all(row.count(" | ") == 2 for row in rows)


@chapters
def test_checks_that_are_named_exist(number):
    there = len(read_questions(FOLDER / f"{number:02d}.yml"))
    named = [int(found) for found in re.findall(r"\b[Cc]hecks? (\d+)", PARTS[number])]
    named += [int(found) for found in re.findall(r"\b[Cc]hecks \d+ and (\d+)", PARTS[number])]
    assert named
    assert max(named) <= there


def test_sections_that_are_named_exist():
    there = set().union(*map(numbered, CHAPTERS.values()))
    named = set(re.findall(r"(?<![\d.])([1-9]\.\d{1,2})(?![\d.]*\d)", LESSONS + PICTURES))
    assert len(named) > 50
    assert sorted(named - there) == []


def test_plans_point_to_their_own_chapter():
    for number, path in CHAPTERS.items():
        assert f"../notebooks/{path.stem}" in PARTS[number]


SOURCE = ROOT / "teaching" / "source" / "a_gradient_ascent.ipynb"


@pytest.mark.skipif(not SOURCE.exists(), reason="no assignments here")
def test_the_example_of_private_tests_is_one():
    code = re.search(r"```python\n(# my-tests.*?)```", GUIDE, re.DOTALL).group(1)
    ast.parse(code)
    cells = json.loads(SOURCE.read_text(encoding="utf-8"))["cells"]
    ids = {cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells}
    text = "\n".join("".join(cell["source"]) for cell in cells)
    for name in re.findall(r'@hidden\("([\w-]+)"\)', code):
        assert name in ids, f"no question is called {name}"
    for name in re.findall(r"student\.(\w+)", code):
        assert f"def {name}(" in text, f"students write no {name}"


@pytest.mark.parametrize("target", ["assignments", "grade"])
def test_commands_that_are_named_exist(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    if not (ROOT / "teaching" / "release").is_dir() or not re.search(r"^assignments:", makefile, re.MULTILINE):
        pytest.skip("no assignments here")
    assert f"make {target}" in GUIDE
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
