"""The self-check questions: files that are as they should be, mistakes that are named, a page that has them."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tools.site import self_checks
from tools.site.self_checks import FOLDER, BadQuestions, read_questions

ROOT = Path(__file__).resolve().parent.parent
APP = SimpleNamespace(env=SimpleNamespace(note_dependency=lambda path: None))
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FILES = sorted(FOLDER.glob("*.yml"))

chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def markdown(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


# --- the files ---


def test_every_chapter_has_its_file_and_every_file_its_chapter():
    assert [path.stem for path in FILES] == [path.stem[:2] for path in CHAPTERS]


@chapters
def test_questions_point_to_sections_of_their_chapter(path):
    sections = set(re.findall(r"^## (\d+\.\d+) ", markdown(path), re.MULTILINE))
    for question in read_questions(FOLDER / f"{path.stem[:2]}.yml"):
        assert question.section in sections, f"{question.id} points to section {question.section}"


def test_ids_are_unique_in_the_book():
    names = Counter(question.id for path in FILES for question in read_questions(path))
    assert [name for name, times in names.items() if times > 1] == []


@files
def test_the_right_answer_does_not_give_itself_away(path):
    asked = read_questions(path)
    places = Counter(question.right for question in asked)
    assert max(places.values()) <= len(asked) / 2, "the right answer stands in one place too often"
    longest = sum(
        len(question.choices[question.right].answer) == max(len(choice.answer) for choice in question.choices)
        for question in asked
    )
    assert longest <= 0.6 * len(asked), "the right answer is the longest too often"


@files
def test_texts_are_markdown_and_whole(path):
    for question in read_questions(path):
        texts = [question.question, *(text for choice in question.choices for text in (choice.answer, choice.why))]
        for text in texts:
            assert not re.search(r"<\w+[^>]*>", text), f"{question.id}: HTML typed by hand: {text}"
            prose = re.sub(r"`[^`]*`", "", text)
            assert prose.count("$") % 2 == 0, f"{question.id}: a formula that does not end: {text}"
        for choice in question.choices:
            assert len(choice.why.split()) >= 5, f"{question.id}: that explains nothing: {choice.why!r}"


# --- mistakes in a file ---

GOOD = {
    "chapter": 3,
    "questions": [
        {
            "id": f"question-{k}",
            "section": "3.5",
            "question": "Which?",
            "choices": [{"answer": letter, "why": f"Because of {letter}."} for letter in "abc"],
        }
        for k in range(5)
    ],
}
for entry in GOOD["questions"]:
    entry["choices"][1]["right"] = True


def set_in(data, where, value):
    for key in where[:-1]:
        data = data[key]
    if value is None:
        del data[where[-1]]
    else:
        data[where[-1]] = value


FIRST = ("questions", 0)
BROKEN = {  # where, what is put there (None: nothing), what the message says
    "another chapter": (("chapter",), 4, "speaks of chapter 3, 4"),
    "a chapter in words": (("chapter",), "three", "$.chapter: 'three' is not of type 'integer'"),
    "no questions": (("questions",), None, "'questions' is a required property"),
    "too few questions": (("questions",), GOOD["questions"][:4], "is too short"),
    "two of one name": ((*FIRST, "id"), "question-1", "says twice: question-1"),
    "a name with spaces": ((*FIRST, "id"), "Question one", "$.questions[0].id: 'Question one' does not match"),
    "a section without quotes": ((*FIRST, "section"), 3.5, "section: 3.5 is not of type 'string'"),
    "another chapter's section": ((*FIRST, "section"), "4.1", "speaks of chapter 3, 4"),
    "an empty question": ((*FIRST, "question"), " ", "$.questions[0].question"),
    "two right answers": ((*FIRST, "choices", 0, "right"), True, "question-0 has 2 right answers"),
    "no right answer": ((*FIRST, "choices", 1, "right"), False, "question-0 has 0 right answers"),
    "right is a word": ((*FIRST, "choices", 1, "right"), "yes", "'yes' is not of type 'boolean'"),
    "nothing said to a wrong one": ((*FIRST, "choices", 2, "why"), None, "[2]: 'why' is a required property"),
    "a list is said to it": (
        (*FIRST, "choices", 2, "why"),
        "Two things:\n\n- one\n- two\n",
        "$.questions[0].choices[2].why",
    ),
    "a formula is said first": ((*FIRST, "choices", 2, "why"), "$$x$$ is why.", "$.questions[0].choices[2].why"),
    "code is said last": (
        (*FIRST, "choices", 2, "why"),
        "So:\n\n```\nx\n```",
        "choices[2].why: begin and end in words, not in code",
    ),
    "the same answer twice": ((*FIRST, "choices", 2, "answer"), "a", "says twice: question-0: a"),
    "an answer of two paragraphs": ((*FIRST, "choices", 2, "answer"), "a\n\nb", "choices[2].answer: 'a"),
    "one choice": ((*FIRST, "choices"), GOOD["questions"][0]["choices"][1:2], "is too short"),
    "a misspelled key": ((*FIRST, "choices", 1, "wy"), "x", "('wy' was unexpected)"),
    "a list for a question": ((*FIRST,), ["which?"], "$.questions[0]: ['which?'] is not of type 'object'"),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "03.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_without_mistakes_is_read(tmp_path):
    asked = read_questions(write(tmp_path, yaml.safe_dump(GOOD)))
    assert len(asked) == 5
    assert asked[0].right == 1
    assert asked[0].choices[2].why == "Because of c."


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_named(tmp_path, name):
    where, value, says = BROKEN[name]
    data = copy.deepcopy(GOOD)
    set_in(data, where, value)
    with pytest.raises(BadQuestions) as caught:
        read_questions(write(tmp_path, yaml.safe_dump(data)))
    assert says in str(caught.value)
    assert str(caught.value).startswith("03.yml")


def test_what_is_no_yaml_is_named(tmp_path):
    with pytest.raises(BadQuestions, match="03.yml cannot be read"):
        read_questions(write(tmp_path, "questions: ["))
    with pytest.raises(BadQuestions, match="04.yml cannot be read"):
        read_questions(tmp_path / "04.yml")


# --- the page ---


@chapters
def test_the_questions_stand_before_the_exercises_and_nothing_is_lost(path):
    text = path.read_text(encoding="utf-8")
    source = [text]
    self_checks.add_section(APP, f"notebooks/{path.stem}", source)
    before, after = (["".join(c["source"]) for c in json.loads(one)["cells"]] for one in (text, source[0]))
    above, questions, below = re.split(
        r"\n(## Check yourself\n.*?\n)\n(?=## Exercises\n)", "\n".join(after), flags=re.DOTALL
    )
    assert "## " not in questions.removeprefix("## Check yourself")
    rest = re.sub(r"\(section-\d-\d+\)=", "", f"{above}\n{below}").split()
    assert rest == "\n".join(before).split() and len(after) == len(before)


def test_a_formula_is_read_aloud_as_it_is_typed():
    said = self_checks.tex("Is $x^*\\,y$ *ever* `a * b`, or **$2$**?")
    assert said == "Is x^* y ever a * b, or 2?"


def test_other_pages_are_left_alone():
    source = ["# Exercises\n\n## Exercises\n"]
    self_checks.add_section(APP, "book/index", source)
    assert source == ["# Exercises\n\n## Exercises\n"]


def test_a_chapter_without_exercises_is_warned_of(monkeypatch):
    said = []
    monkeypatch.setattr(self_checks.LOG, "warning", lambda text, *_, **__: said.append(text))
    self_checks.add_section(APP, "notebooks/03_the_ideal_pomeranian", [json.dumps({"cells": []})])
    assert said and "no heading" in said[0]


@pytest.mark.skipif(not (ROOT / "_build" / "html" / "notebooks").is_dir(), reason="the book is not built")
@chapters
def test_the_built_page_has_them(path):
    from bs4 import BeautifulSoup

    page = ROOT / "_build" / "html" / "notebooks" / f"{path.stem}.html"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    asked = read_questions(FOLDER / f"{path.stem[:2]}.yml")
    boxes = soup.select("#check-yourself form[method=dialog] fieldset.pom-check")
    assert boxes, "no questions on the page: is the book built anew (`make book`), and is self_checks in _config.yml?"
    assert [box["id"] for box in boxes] == [f"check-{question.id}" for question in asked]
    for box, question in zip(boxes, asked, strict=True):
        assert box.select_one(".pom-check-asks").get_text(strip=True)
        assert not box.select("label a"), "whoever picks an answer would be led away"
        radios = box.select("input[type=radio]")
        assert len(radios) == len(question.choices)
        assert {radio["name"] for radio in radios} == {box["id"]}
        for i, radio in enumerate(radios):
            assert box.select_one(f"label[for={radio['id']}]").get_text(strip=True)
            said = radio.parent.select_one(".pom-check-why")
            assert ("right" in said["class"]) == (i == question.right)
            assert "aria-describedby" not in radio.attrs, "a screen reader would read the verdict before the choice"
            pointer = said.select_one("a[href^='#']")
            assert (
                soup.find(id=pointer["href"][1:])
                .find_parent("section")
                .find("h2")
                .get_text()
                .startswith(question.section)
            )
    assert not soup.select("#check-yourself script")
    printed = soup.select("#check-yourself .pom-answers > ol > li")
    for item, question in zip(printed, asked, strict=True):
        assert item.get_text().strip().startswith(f"({self_checks.LETTERS[question.right]})")


def test_choices_do_not_outnumber_their_letters():
    choices = self_checks.SCHEMA["properties"]["questions"]["items"]["properties"]["choices"]
    assert choices["maxItems"] <= len(self_checks.LETTERS)
