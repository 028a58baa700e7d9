"""Draw the self-check questions of a chapter into its page, before the exercises: a Sphinx extension.

Nothing runs in the browser: a choice is a radio button, and a style shows what follows the one that is picked. Texts
are parsed as the chapters are. On paper, the answers stand at the end. The files are in `book/self_checks`; what they
hold stands in `self_checks_schema.yml`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOG = logging.getLogger(__name__)
FOLDER = Path(__file__).resolve().parents[2] / "book" / "self_checks"
SCHEMA = yaml.safe_load(Path(__file__).with_name("self_checks_schema.yml").read_text(encoding="utf-8"))
CHAPTER = re.compile(r"notebooks/(\d\d)_\w+")
BEFORE = re.compile(r"^## Exercises[ \t]*$", re.MULTILINE)
HEADING = "## Check yourself"
LETTERS = "abcde"
INTRODUCTION = (
    "Pick an answer, and read what is said to it. Nothing is counted or sent anywhere. Read the wrong ones too: "
    "each is what somebody has thought."
)


class BadQuestions(ValueError):
    """A file of questions that cannot be shown; the message names the file, the place in it and what is wrong."""


@dataclass(frozen=True)
class Choice:
    """An answer on offer, what is said to whoever picks it, and whether it is the right one."""

    answer: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with one right answer, and the section that it is about."""

    id: str
    section: str
    question: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> int:
        """The place of the right answer, from 0."""
        return [choice.right for choice in self.choices].index(True)


def read_questions(path: Path) -> list[Question]:
    """Read and check one chapter's file.

    Raises:
        BadQuestions: the file is not as `self_checks_schema.yml` says, or says something twice.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadQuestions(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
    if wrong := best_match(Draft202012Validator(SCHEMA).iter_errors(data)):
        raise BadQuestions(f"{path.name}, at {wrong.json_path}: {wrong.message[-200:]}")  # a long value is no news
    asked = [Question(**{**one, "choices": tuple(Choice(**c) for c in one["choices"])}) for one in data["questions"]]
    chapters = {str(data["chapter"]), *(question.section.split(".")[0] for question in asked)}
    if chapters != {str(int(path.stem))}:
        raise BadQuestions(f"{path.name} speaks of chapter {', '.join(sorted(chapters))}")
    for question in asked:
        if (right := sum(choice.right for choice in question.choices)) != 1:
            raise BadQuestions(f"{path.name}: {question.id} has {right} right answers; exactly one is wanted")
    said = Counter(question.id for question in asked)
    said += Counter(f"{question.id}: {choice.answer}" for question in asked for choice in question.choices)
    if twice := [words for words, times in said.items() if times > 1]:
        raise BadQuestions(f"{path.name} says twice: {twice[0]}")
    return asked


class Tag(nodes.General, nodes.Element):
    """An element of HTML by its name, with what is in it; other formats show what is in it."""


class Line(nodes.General, nodes.TextElement):
    """The same, for a line of text; quotation marks in it are curled."""


class Empty(nodes.General, nodes.Element):
    """An element of HTML that holds nothing."""


def tag(called: str, /, *children, classes: str = "", kind: type = Tag, **attributes: str) -> nodes.Element:
    """Make an element; underscores at the end of an attribute's name are dropped (`for_`)."""
    settings = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    if "id" in settings:
        settings["ids"] = [settings.pop("id")]  # docutils' name for it
    element = kind("", tag=called, html=settings)
    element.extend(children)
    element["classes"] += classes.split()
    return element


def spoken(line: nodes.Element) -> dict[str, str]:
    """A name for screen readers where there are formulas, which browsers leave out of names: their TeX."""
    if not any(line.findall(nodes.math)):
        return {}
    return {"aria_label": " ".join(re.sub(r"\\[,;!]", " ", line.astext()).split())}


class SelfCheck(SphinxDirective):
    """`{self-check} 03`: the questions of a chapter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        path = FOLDER / f"{self.arguments[0]}.yml"
        for source in (path, __file__):
            self.env.note_dependency(str(source))
        try:
            questions = read_questions(path)
        except BadQuestions as error:
            LOG.warning("self-checks: %s", error, location=self.get_location())
            return []
        form = tag("form", classes="pom-checks", method="dialog", autocomplete="off")
        form += nodes.paragraph("", INTRODUCTION, classes=["pom-checks-about"])
        form += [self.fieldset(k, question) for k, question in enumerate(questions, start=1)]
        form += tag("button", nodes.Text("Start over"), type="reset", classes="pom-checks-reset")
        return [form, self.answers(questions)]

    def parsed(self, text: str) -> list[nodes.Node]:
        """Parse MyST Markdown into nodes."""
        holder = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), self.get_source_info()[0]), 0, holder)
        return holder.children

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse one paragraph of MyST Markdown, for a place where no paragraph may stand."""
        (paragraph,) = self.parsed(text)
        return paragraph.children

    def between(self, first: nodes.Node, text: str, *last: nodes.Node) -> list[nodes.Node]:
        """Parse MyST Markdown, with a node before and others after it, in its first and last paragraph."""
        found = list(self.parsed(text))
        for place, end in ((0, 0), (len(found), -1)):
            if not found or not isinstance(found[end], nodes.paragraph):
                found.insert(place, nodes.paragraph())
        found[0].insert(0, first)
        found[-1].extend(last)
        return found

    def fieldset(self, k: int, question: Question) -> nodes.Element:
        """A question, its choices, and behind each what there is to say to it."""
        first, _, rest = question.question.partition("\n\n")
        name = f"check-{question.id}"
        number = tag("span", nodes.Text(f"Question {k}. "), classes="pom-check-number")
        legend = tag("legend", number, *self.inline(first), kind=Line)
        box = tag("fieldset", legend, classes="pom-check", id=name, **spoken(legend))
        if rest:
            box += tag("div", *self.parsed(rest), classes="pom-check-more")
        for letter, choice in zip(LETTERS, question.choices, strict=False):
            spot = f"{name}-{letter}"
            label = tag("label", *self.inline(choice.answer), kind=Line, for_=spot)
            verdict = tag("strong", nodes.Text("Right. " if choice.right else "Not so. "), classes="pom-check-verdict")
            pointer = nodes.reference("", f"section {question.section}", internal=True, pom_section=question.section)
            why = self.between(verdict, choice.why, nodes.Text(" See "), pointer, nodes.Text("."))
            said = tag("div", *why, classes="pom-check-why " + ("right" if choice.right else "wrong"))
            box += tag(
                "div",
                tag("input", kind=Empty, type="radio", name=name, id=spot, value=letter, **spoken(label)),
                label,
                tag("div", said, classes="pom-check-says", aria_live="polite"),
                classes="pom-check-choice",
            )
        return box

    def answers(self, questions: list[Question]) -> nodes.Element:
        """The answers, for paper: at the end of the section, not beside the questions."""
        listed = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
        for question in questions:
            letter = nodes.strong("", f"({LETTERS[question.right]}) ")
            listed += nodes.list_item("", *self.between(letter, question.choices[question.right].why))
        return tag("div", nodes.paragraph("", "Answers"), listed, classes="pom-answers")


def add_section(app, docname: str, source: list[str]) -> None:
    """Put a cell with the questions into a chapter's notebook, before its exercises (the file stays as it is)."""
    found = CHAPTER.fullmatch(docname)
    if not found or not (FOLDER / f"{found.group(1)}.yml").is_file():
        return
    notebook = json.loads(source[0])
    asked = f"{HEADING}\n\n```{{self-check}} {found.group(1)}\n```"
    for i, cell in enumerate(notebook["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and (place := BEFORE.search(text)):
            parts = text[: place.start()].rstrip(), asked, text[place.start() :]
            notebook["cells"][i : i + 1] = [
                {**cell, "id": f"{cell.get('id', 'cell')}-{k}", "source": part} for k, part in enumerate(parts) if part
            ]
            source[0] = json.dumps(notebook)
            return
    LOG.warning("self-checks: no heading '## Exercises' to put the questions before", location=docname)


def point_to_sections(app, doctree: nodes.document) -> None:
    """Let "section 3.5" lead to the section of the page whose title begins with that number."""
    titles = {title.astext().split(" ")[0]: title.parent["ids"][0] for title in doctree.findall(nodes.title)}
    for pointer in doctree.findall(nodes.reference):
        if number := pointer.attributes.pop("pom_section", None):
            if number not in titles:
                LOG.warning("self-checks: the chapter has no section %s", number, location=pointer)
            pointer["refid"] = titles.get(number, "")


def visit(translator, node: nodes.Element) -> None:
    """Begin an element in HTML, attributes escaped."""
    write = translator.emptytag if isinstance(node, Empty) else translator.starttag
    translator.body.append(write(node, node["tag"], "", **node["html"]))


def depart(translator, node: nodes.Element) -> None:
    """End an element in HTML."""
    if not isinstance(node, Empty):
        translator.body.append(f"</{node['tag']}>")


def setup(app) -> dict:
    """Sphinx's hook."""
    nothing = (lambda *_: None, lambda *_: None)
    for kind in (Tag, Line, Empty):
        app.add_node(kind, html=(visit, depart), latex=nothing, text=nothing, man=nothing, texinfo=nothing)
    app.add_directive("self-check", SelfCheck)
    app.connect("source-read", add_section)
    app.connect("doctree-read", point_to_sections)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
