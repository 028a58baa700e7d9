"""What holds of the repository as a whole: one name, one setup cell, outputs in order, words chosen."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers.networks.load import imagenet_classes
from tools.notebooks import rename
from tools.notebooks import stored as stored_notebook

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.ipynb"))  # that are notebooks, too
NAME = rename.current_name()
FILES = {path: text for path in rename.repository_files() if (text := rename.read_text(path)) is not None}
HERE = Path(__file__).resolve()

chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
notebooks = pytest.mark.parametrize("path", [*CHAPTERS, *PAGES], ids=lambda path: path.stem)


def load(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in load(path).cells if cell.cell_type == "code"]


def markdown(path):
    return "\n\n".join(cell.source for cell in load(path).cells if cell.cell_type == "markdown")


def tags(cell):
    return cell.metadata.get("tags", [])


def relative(path):
    return path.relative_to(ROOT).as_posix()


# --- one name ---


def test_the_name_is_a_name():
    assert rename.check_name(NAME) == NAME


OURS = (  # addresses that can only be ours, whatever name stands in them
    re.compile(r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)"),
    re.compile(r"^REPOSITORY = [\"']([\w.-]+/[\w.-]+)[\"']", re.MULTILINE),
    re.compile(r"\"REPOSITORY = \\\"([\w.-]+/[\w.-]+)\\\""),
    re.compile(r"git clone (?:--\S+(?: \d+)? )*https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?\s"),
    re.compile(r"github\.com/([\w.-]+/[\w.-]+)/(?:actions|blob/main/notebooks|issues/new)"),
    re.compile(r"git\+https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?(?![\w.-])"),
    re.compile(r"repository-code: https://github\.com/([\w.-]+/[\w.-]+)"),
)


def test_no_other_name_stands_anywhere():
    owner, name = NAME.lower().split("/")
    strays = []
    for path, text in FILES.items():
        if "tests" in path.relative_to(ROOT).parts:
            assert NAME not in text, f"{relative(path)}: `make rename` leaves the tests alone; they read the name"
            continue
        found = [match for pattern in OURS for match in pattern.findall(text)]
        for other in re.findall(r"github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?(?![\w.-])", text):
            same_owner, same_name = (a == b for a, b in zip(other.lower().split("/"), (owner, name), strict=True))
            if same_owner or same_name:
                found.append(other)
        strays += [f"{relative(path)}: {other}" for other in found if other != NAME]
    assert not strays, f"`make rename` (or a hand) has missed these: {strays}"


def test_the_published_address_follows_the_name():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["html"]["baseurl"] == rename.pages_url(NAME)
    assert config["repository"]["url"] == f"https://github.com/{NAME}"


def test_the_readme_has_a_badge_for_every_chapter():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in CHAPTERS:
        assert f"https://colab.research.google.com/github/{NAME}/blob/main/notebooks/{path.name}" in text, path.name


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_files_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (ROOT / target).exists(), f"{page} links to {target}, which is not there"


# --- the table of contents ---


def test_the_table_of_contents_is_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [toc["root"]] + [page["file"] for part in toc["parts"] for page in part["chapters"]]
    for page in pages:
        assert any((ROOT / f"{page}{ending}").exists() for ending in (".md", ".ipynb")), f"_toc.yml names {page}"
    listed = [page.removeprefix("notebooks/") for page in pages if page.startswith("notebooks/")]
    assert listed == [path.stem for path in CHAPTERS]


# --- chapters ---


@notebooks
def test_the_first_two_cells(path):
    first, second = load(path).cells[:2]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert second.cell_type == "code"
    assert "setup" in tags(second)
    assert second.source == rename.setup_cell(), "not tools/notebooks/setup_cell.py; `make rename` writes it"


@notebooks
def test_stored_as_the_tool_stores(path):
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == stored_notebook.METADATA, (
        "metadata of a kernel or an account; `make notebooks` clears it"
    )
    assert text == stored_notebook.serialize(stored_notebook.clean(notebook)), "not stored by `make notebooks`"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@notebooks
def test_outputs_are_from_one_whole_run(path):
    counts = [cell.execution_count for cell in code_cells(path) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    assert stored_notebook.problems(load(path), stored_notebook.private_places()) == []
    for cell in code_cells(path):
        assert all(output.get("name") != "stderr" for output in cell.outputs)


@chapters
def test_sections_that_every_chapter_has(path):
    text = markdown(path)
    for heading in ("## Summary", "## Exercises", "## Further reading"):
        assert re.search(rf"^{heading}\s*$", text, re.MULTILINE), f"no {heading}"
    for words in ("You will learn", "You need", "Time"):
        assert words in load(path).cells[0].source, f"the first cell does not say: {words}"
    number = int(path.stem[:2])
    if number == 9:  # its first exercises stand with their sections, on a page of their own
        text = markdown(ROOT / "book" / "larger_worlds.ipynb") + text
    found = [int(n) for n in re.findall(rf"^### Exercise {number}\.(\d+): \S", text, re.MULTILINE)]
    assert found == list(range(1, len(found) + 1)), "exercises out of order"
    assert len(found) >= 4, f"{len(found)} exercises, at least 4 are promised"


@notebooks
def test_solutions_are_marked_and_balanced(path):
    marked = 0
    for cell in code_cells(path):
        marks = re.findall(r"^\s*### (BEGIN|END) SOLUTION\s*$", cell.source, re.MULTILINE)
        assert marks == ["BEGIN", "END"] * (len(marks) // 2), f"unbalanced marks in: {cell.source[:60]!r}"
        assert bool(marks) == ("solution" in tags(cell)), f"mark and tag disagree in: {cell.source[:60]!r}"
        if marks:
            assert "hide-input" in tags(cell), f"a solution that shows itself: {cell.source[:60]!r}"
            marked += 1
    assert marked >= 4 or path not in CHAPTERS


class Pictures(HTMLParser):
    """Collects the attributes of every <img>."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append(dict(attributes))


@notebooks
def test_every_picture_has_alt_text(path):
    count = 0
    for cell in code_cells(path):
        for output in cell.outputs:
            data = output.get("data", {})
            bare = [kind for kind in data if kind.startswith("image/")]
            assert not bare or "text/html" in data, f"a bare {bare} has no alt text; show_plot() or show_images() does"
            for picture in Pictures(data.get("text/html", "")).found:
                assert (picture.get("alt") or "").strip(), f"an <img> without alt text after: {cell.source[:60]!r}"
                count += 1
    assert count, "a chapter without a picture"


@notebooks
def test_nothing_that_colab_shows_raw(path):
    text = markdown(path)
    role = r"\{(cite|ref|numref|doc|eq|term|glue)[\w:]*\}`"
    for pattern in (r"^(`{3,}|:{3,})\{", role, r"^\+\+\+", r"^\(\S+\)=\s*$"):
        found = re.search(pattern, text, re.MULTILINE)
        assert not found, f"a directive or role, raw text on Colab: {found.group(0)}"
    assert not re.search(r"\\(newcommand|def|label|ref|eqref|require)\b", text), "TeX that Colab does not render"


@notebooks
def test_markdown_images_and_links(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", markdown(path)):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            assert (path.parent / target.split("#")[0]).exists(), f"{path.stem} links to {target}, which is not there"
    assert not re.search(r"!\[\s*\]\(", markdown(path)), "a picture without alt text"


# --- words ---

BRITISH = re.compile(
    r"\b(?:colour\w*|\w*behaviour\w*|favour\w*|honour\w*|neighbour\w*|flavour\w*|centre[ds]?|centring"
    r"|grey(?! (?:fox|whale|wolf))\w*|(?:un|de|re)?normalis\w+|optimis\w+|maximis\w+|minimis\w+|visualis\w+"
    r"|initialis\w+|regularis\w+|parameteris\w+|recognis\w+|generalis\w+|summaris\w+|realis(?:e[ds]?|ing)"
    r"|analysed?|analysing|artefacts?|licence[ds]?|modelling|modelled|labelled|labelling|travell\w+"
    r"|learnt|whilst|programmes?|fulfil|sceptic\w*|dialled|metres?)\b",
    re.IGNORECASE,
)
UNWANTED = re.compile(
    r"\b(?:simply|obviously|needless to say|as we can see|let['’]s dive|delve|it['’]s worth noting)\b", re.I
)
PRIVATE = re.compile(r"(?<![\w.:/~-])/(?:home|root|Users|mnt|work)/\w")


def words_of(path):
    """What people read in a file: the sources of a notebook's cells and its printed outputs, else the whole text."""
    if path.suffix != ".ipynb":
        return FILES[path]
    cells = load(path).cells
    printed = [text for cell in cells for text in stored_notebook.output_texts(cell)]
    return "\n".join([cell.source for cell in cells] + printed)


WRITTEN = [path for path in FILES if path.suffix in (".md", ".py", ".ipynb", ".yml", ".cff", ".toml") and path != HERE]


@pytest.mark.parametrize("path", WRITTEN, ids=relative)
def test_words(path):
    text = re.sub(r"[A-Za-z0-9+/=]{60,}", "", words_of(path))  # pictures are no words
    own = re.sub(r"\[[^]]*\]\([^)]*\)", "", text)  # titles are spelled as their authors did
    for name in imagenet_classes():
        if BRITISH.search(name):
            own = re.sub(re.escape(name), "", own, flags=re.IGNORECASE)  # the great grey owl is ImageNet's
    british = {match.group(0) for match in BRITISH.finditer(own)}
    assert not british, f"American spelling, please: {sorted(british)}"
    private = {match.group(0) for match in PRIVATE.finditer(text)}
    assert not private, f"the path of somebody's machine: {sorted(private)}"
    if path.suffix in (".md", ".ipynb"):
        unwanted = {match.group(0) for match in UNWANTED.finditer(own)}
        assert not unwanted, f"words that this book does without: {sorted(unwanted)}"


def test_no_file_is_larger_than_it_should_be():
    for path in rename.repository_files():
        limit = 8e6 if path.suffix == ".ipynb" else 1e6
        assert path.stat().st_size < limit, f"{relative(path)} has {path.stat().st_size / 1e6:.1f} MB"
