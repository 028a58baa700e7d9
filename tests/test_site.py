"""What is done to the pages between Sphinx and the reader: pictures lifted, scripts and styles cut, covers, places."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from docutils import nodes
from PIL import Image

from tools.browser import paper
from tools.browser import pdf as make_pdf
from tools.site import covers as chapter_covers
from tools.site import icon_fonts, lean_styles, social_cards
from tools.site import lean as lean_pages
from tools.site import links as first_mentions
from tools.site import pictures as lifted_pictures
from tools.site.fold_labels import HideCodeCellNode, label_folds
from tools.site.repairs import accessible
from tools.site.whole_formulas import keep_whole

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def picture(seed: int) -> str:
    """A picture of noise as base64, of more than a thousand letters."""
    memory = io.BytesIO()
    Image.effect_noise((64, 48), 40 + seed).convert("RGB").save(memory, "WEBP", quality=90)
    return base64.b64encode(memory.getvalue()).decode()


@pytest.fixture(scope="module")
def film():
    """A page as a chapter's: a picture, and a film whose script puts a prefix before each frame."""
    still, frames = picture(0), [picture(1), picture(2)]
    listed = ",".join(f'"{frame}"' for frame in frames)
    page = (
        f'<h1>T</h1><p><img alt="a" src="data:image/webp;base64,{still}"></p><h2>S</h2>'
        f'<div class="pom-player"><div class="pom-stage"><img alt="b" src="data:image/webp;base64,{still}"></div></div>'
        "<script>(function (id, film) "
        '{ film.frames.map(function (data) { return "data:image/webp;base64," + data; }); })'
        f'("pom-1", {{"frames":[{listed}],"labels":["step 0","step 1","step 2"]}});</script>'
    )
    return page, still, frames


def test_pictures_are_lifted_and_none_is_lost(tmp_path, film):
    page, still, frames = film
    body, listed = lifted_pictures.lift(page, tmp_path, "../_images")
    assert "base64" not in body
    assert "return data;" in body, "the film's script still puts a prefix before what are now addresses"
    written = {path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {base64.b64decode(one) for one in (still, *frames)}
    assert len(listed) == 2
    assert all(f'"{one}"' in body for one in listed)
    assert (body, listed) == lifted_pictures.lift(page, tmp_path, "../_images"), "not the same twice"
    assert lifted_pictures.lift(body, tmp_path, "../_images")[0] == body, "a lifted page changes"


def test_small_frames_of_a_film_are_lifted_with_the_others(tmp_path):
    """The script puts one prefix before all frames: once it is gone, a frame left behind would be an address."""
    small, large = (base64.b64encode(b"RIFF\x00\x00\x00\x00WEBP" + bytes(n)).decode() for n in (200, 2000))
    page = f'<script>let film = {{"frames": ["{small}", "{large}"]}}, f = "data:image/webp;base64," + d;</script>'
    lifted, frames = lifted_pictures.lift(page, tmp_path, "../_images")
    assert "UklGR" not in lifted and len(frames) == 2 and "base64" not in lifted


def test_a_listing_of_code_keeps_its_text(tmp_path):
    prefix = '"data:image/webp;base64,"'
    page = f'<pre>{prefix} + data</pre><script>let x = "UklGR", y = {prefix} + x;</script>'
    assert lifted_pictures.lift(page, tmp_path, ".") == (page, [])


def test_pictures_wait_for_the_reader_but_not_the_first(tmp_path, film):
    body, _ = lifted_pictures.lift(film[0], tmp_path, ".")
    body = lifted_pictures.patient(body, lambda source: lifted_pictures.size_of(tmp_path / source, 0))
    first, second = re.findall(r"<img[^>]*>", body)
    assert 'loading="lazy"' not in first
    assert 'loading="lazy"' in second
    assert 'width="64" height="48"' in first


def test_only_forgotten_pictures_are_removed(tmp_path, film):
    folder = tmp_path / "_images"
    body, listed = lifted_pictures.lift(film[0], folder, "_images")
    (tmp_path / "index.html").write_text(body)
    old = lifted_pictures.keep(b"old", "webp", folder)
    (folder / "sheet.webp").write_bytes(b"another's")
    lifted_pictures.forget_unused(tmp_path, folder)
    assert not (folder / old).exists()
    assert len(list(folder.iterdir())) == 4


STYLE = """@import "a.css";.used{color:red}.unused{color:blue}.used .unused,.used:not(.unused){top:0}
@media print{.unused{x:y}}@media screen{.used{content:"}"}}@keyframes k{from{top:0}}a[href="{"]{left:0}"""


def test_rules_that_match_nothing_go_and_others_stay():
    kept = lean_styles.keep(STYLE, {"used"})
    assert ".unused{" not in kept
    assert "print" not in kept
    for needed in (
        '@import "a.css";',
        ".used{color:red}",
        ".used:not(.unused){top:0}",
        'content:"}"',
        "@keyframes k{from",
    ):
        assert needed in kept, needed
    assert lean_styles.keep(STYLE, {"used", "unused"}).replace(" ", "") == STYLE.replace(" ", "")


def test_code_keeps_its_words_and_its_colors():
    page = '<pre><span class="n">x</span> <span class="k">if</span><span class="w"> </span></pre>'
    assert lean_styles.plain_code(page, ".highlight .k { color: red }") == '<pre>x <span class="k">if</span> </pre>'


def test_only_the_icons_of_the_pages_stay():
    style = '.fa-moon:before{content:"\\f186"}.fa-dog:before,.fa-pet:before{content:"\\f6d3"}'
    assert icon_fonts.keep_rules(style, icon_fonts.icons_used(['<i class="fa-solid fa-moon">'])) == style[:32]
    assert icon_fonts.glyphs([style]) == {0xF186, 0xF6D3}


def test_scripts_go_where_nothing_calls_them():
    scripts = ("searchtools.js", "searchindex.js", "mathjax/startup.js", "fontawesome.js", "copybutton.js", "theme.js")
    page = "".join(f'<script src="../_static/{name}"></script>' for name in scripts) + "<main>{}</main>"
    assert (
        lean_pages.lean(page.format("plain"), "book/a.html", True)
        == '<script src="../_static/theme.js"></script><main>plain</main>'
    )
    mathematics = '<span class="math notranslate">x</span>'
    assert "startup.js" in lean_pages.lean(page.format(mathematics), "book/a.html", True)
    assert "searchtools.js" in lean_pages.lean(page.format("plain"), "search.html", True)
    marked = 'x\n    <span class="c1">### BEGIN SOLUTION</span>\n    y\n    <span class="c1">### END SOLUTION</span>\nz'
    assert "x\n    y\nz" in lean_pages.lean(page.format(marked), "book/a.html", True), "graders' marks are no reading"
    assert "fontawesome.js" in lean_pages.lean(page.format("plain"), "book/a.html", False)


def test_a_box_of_a_list_has_a_name():
    assert 'aria-label="To do"' in accessible('<input class="task-list-item-checkbox" type="checkbox">')


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_each_chapter_still_shows_the_picture_of_its_cover(notebook):
    found = chapter_covers.cover(notebook)
    assert found is not None and found.found, "describe its picture anew in tools/site/covers.py"
    assert len(chapter_covers.thumbnail(found.picture)) < 20_000


def test_a_term_is_linked_once_and_not_in_code():
    pattern, seen = first_mentions.pattern_for({"feature map", "class", "logit"}), []

    def link(match):
        if match[1].lower() in seen:
            return None
        seen.append(match[1].lower())
        return nodes.emphasis("", match[0])

    pieces = first_mentions.split("A class has a logit; Feature maps, logits, prelogit.", pattern, link)
    assert [piece.astext() for piece in pieces if isinstance(piece, nodes.emphasis)] == ["logit", "Feature maps"]
    assert "".join(piece.astext() for piece in pieces) == "A class has a logit; Feature maps, logits, prelogit."


def sentence(*pieces: str) -> nodes.paragraph:
    """A paragraph of texts and, between dollars, formulas."""
    made = (nodes.math("", piece.strip("$")) if piece.startswith("$") else nodes.Text(piece) for piece in pieces)
    return nodes.paragraph("", "", *made)


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (("with ", "$a$", ", and ", "$b$", "."), ["a,", "b."]),
        (("(so ", "$a$", "), the ", "$n$", "-th, \u201c", "$x$", "\u201d"), ["a),", "n-th,", "\u201cx\u201d"]),
        (("the (", "$C$", ", ", "$H$", ") of it"), ["(C,", "H)"]),
        (("$y$", "\u2019s"), ["y\u2019s"]),
        (("$a$", " and ", "$b$", "\u2014or ", "$c$", "-dimensional ", "$d$"), []),
    ],
)
def test_a_formula_takes_the_marks_that_touch_it_along(pieces, whole):
    paragraph = sentence(*pieces)
    words, formulas = paragraph.astext(), len(list(paragraph.findall(nodes.math)))
    keep_whole(paragraph)
    found = [one.astext() for one in paragraph.findall(nodes.inline) if "pom-whole" in one["classes"]]
    assert found == whole
    assert paragraph.astext() == words, "no letter is lost or moved"
    assert len(list(paragraph.findall(nodes.math))) == formulas
    once = paragraph.pformat()
    keep_whole(paragraph)
    assert paragraph.pformat() == once, "not the same twice"


def test_a_fold_says_whether_it_holds_a_solution():
    def fold(place: str, *tags: str) -> nodes.container:
        inner = HideCodeCellNode(prompt_show="?", prompt_hide="?", classes=[place])
        return nodes.container("", inner, classes=["cell", *tags])

    kinds = ["Show a solution", "Show the code", "Show the output", "Show the output"]
    page = nodes.section(
        "",
        fold("above-input", "tag_solution"),
        fold("above-input", "tag_hide-input"),
        fold("below-input", "tag_solution"),
        fold("below-input"),
    )
    label_folds(None, page, "page")
    folds = list(page.findall(HideCodeCellNode))
    assert [one["prompt_show"] for one in folds] == kinds
    assert [one["prompt_hide"] for one in folds] == [kind.replace("Show", "Hide") for kind in kinds]
    assert accessible('<summary aria-label="Toggle hidden content">\n<p>Show') == "<summary>\n<p>Show", "its own name"


PDF = (
    b"1 0 obj\n<</Type /Catalog /Pages 2 0 R>>\nendobj\n2 0 obj\n<</Kids [3 0 R 6 0 R]>>\nendobj\n"
    b"3 0 obj\n<</Kids [5 0 R\n4 0 R]>>\nendobj\n4 0 obj\n<<>>\nendobj\n5 0 obj\n<<>>\nendobj\n6 0 obj\n<<>>\nendobj\n"
    b"7 0 obj\n<</one [4 0 R /XYZ 0 1 0]\n/two#20words [6 0 R /XYZ 0 1 0]>>\nendobj\n"
)


def test_places_in_a_pdf_are_found():
    assert make_pdf.places_in(PDF) == ({"one": 2, "two words": 3}, 3)


def test_on_paper_a_film_is_its_first_middle_and_last_picture(tmp_path, film):
    (tmp_path / "notebooks").mkdir()
    body, _ = lifted_pictures.lift(film[0], tmp_path / "_images", "../_images")
    page = "notebooks/03.html"
    (tmp_path / page).write_text(f'<article>{body}<a href="03.html#s">a</a><a href="../x.html">b</a></article>')
    article, entries, styles = paper.bound(tmp_path, page, {page}, "https://e.org/")
    strip = article.select(".strip figcaption")
    assert [one.get_text() for one in strip] == ["step 0", "step 1", "step 2"]
    assert not article.find("script")
    assert [link["href"] for link in article.find_all("a")] == ["#notebooks-03--s", "https://e.org/x.html"]
    assert entries[0] == paper.Entry("T", "notebooks-03", 1)
    assert styles == []


def test_paper_keeps_the_look_of_figures_the_curves_of_films_and_opens_solutions(tmp_path):
    film = (
        '<div class="pom-player"><style>.pom-player{margin:0}</style><div class="pom-stage"><img src="../a.webp">'
        '<div class="pom-side"><div class="pom-plots"><svg></svg><div class="pom-ask"></div></div></div></div></div>'
        "<script>0</script>"
    )
    code = '<details class="hide above-input"><summary>Show</summary><pre>code</pre></details>'
    cells = f'<div class="cell tag_solution">{code}</div><div class="cell">{code.replace("code", "folded")}</div>'
    hint = "<details><summary>Hint</summary>words</details>"
    (tmp_path / "a.html").write_text(f"<article><h1>T</h1>{film}{film}{cells}{hint}</article>")
    article, _, styles = paper.bound(tmp_path, "a.html", {"a.html"}, "https://e.org/")
    assert styles == [".pom-player{margin:0}"], "each style once, though every figure brings it"
    assert len(article.select(".strip > .curves > svg")) == 2
    assert not article.select(".pom-side, .pom-ask, style")
    assert [one.get_text() for one in article.select("pre")] == ["code"], "what the site folds away is no solution"
    assert article.select_one(".paper-solution > p").get_text() == paper.SOLUTION
    assert [one.summary.get_text() for one in article.find_all("details")] == ["Hint"]
    assert article.details.has_attr("open")


def test_paper_keeps_columns_turns_answers_over_and_lists_what_is_worth_listing(tmp_path):
    grid = (
        '<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(max(min(100%,140px),9px),1fr))"></div>'
    )
    cells = "".join(
        f'<div class="cell_input"><pre>{chr(10) * n}</pre></div>' for n in (1, paper.SHORT, paper.SHORT + 1)
    )
    answers = "<details><summary>The answers, and more</summary>x</details>"
    heads = "".join(
        f'<section id="{k}"><h2>{words}</h2></section>' for k, words in enumerate(("On <code>f</code>?", "Summary"))
    )
    (tmp_path / "a.html").write_text(f"<article><h1>T</h1>{grid}{cells}{answers}{heads}</article>")
    article, entries, _ = paper.bound(tmp_path, "a.html", {"a.html"}, "https://e.org/")
    assert "minmax(max(0px,9px),1fr)" in article.select_one("[style]")["style"]
    assert ["paper-short" in cell["class"] for cell in article.select(".cell_input")] == [True, True, False]
    assert article.details["class"] == ["paper-answers"]
    assert [entry.words for entry in entries] == ["T", "On f?"]


def test_a_card_s_title_has_no_tags():
    assert social_cards.plain_title('<span class="section-number">3. </span>The ideal pomeranian') == (
        "3. The ideal pomeranian"
    )
    assert social_cards.plain_title("Up &amp; down <code><span>a</span></code>") == "Up & down a"


@pytest.mark.parametrize(
    "contents, files",
    [
        ({"root": "a", "parts": [{"chapters": [{"file": "b"}]}, {"chapters": [{"file": "c"}]}]}, ["a", "b", "c"]),
        ({"root": "a", "chapters": [{"file": "b", "sections": [{"file": "c"}]}, {"file": "d"}]}, ["a", "b", "c", "d"]),
        ({"root": "a", "parts": [{"chapters": [{"url": "https://e.org"}, {"file": "b"}]}]}, ["a", "b"]),
    ],
    ids=["parts", "sections", "a link"],
)
def test_the_pdf_follows_any_table_of_contents(contents, files):
    assert make_pdf.files_of(contents) == files


@pytest.mark.parametrize("labels", [["score [logit] 1", "𝑓 = 2 🐶"], ['the "margin"', "a\\b"]])
def test_words_of_a_film_come_to_paper_as_they_are(labels):
    code = f'(function () {{}})("pom-1", {json.dumps({"frames": ["x", "y"], "labels": labels, "dots": []})});'
    assert paper.labels_in(code) == labels
    assert paper.labels_in("no film") == []


def test_pages_at_any_depth_come_to_paper_with_their_pictures_and_formulas(tmp_path):
    plain = "<html><head><title>a</title></head><article><h1>T</h1><img src='_images/a.webp'></article></html>"
    deep = plain.replace("_images", "../../_images").replace(
        "<title>", "<script src='mathjax/startup.js'></script><title>"
    )
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "index.html").write_text(plain)
    (tmp_path / "one" / "two" / "deep.html").write_text(deep + '<a href="../x.html">')
    text, _ = paper.bind(tmp_path, ["index.html", "one/two/deep.html"], "T", "https://e.org/book", {})
    assert text.count('src="../_images/a.webp"') == 2 and "mathjax/startup.js" in text
    article, _, _ = paper.bound(tmp_path, "index.html", set(), "https://e.org/book")
    assert article.img["src"] == "../_images/a.webp"


def test_links_that_leave_the_paper_keep_the_site_s_folder(tmp_path):
    (tmp_path / "a.html").write_text('<article><h1>T</h1><a href="deep/x.zip">x</a></article>')
    for base in ("https://e.org/book", "https://e.org/book/"):
        article, _, _ = paper.bound(tmp_path, "a.html", {"a.html"}, base)
        assert article.a["href"] == "https://e.org/book/deep/x.zip"


def test_without_a_script_a_page_has_the_light_theme():
    page = '<html lang="en" data-content_root="../" data-theme="auto"><main>x</main></html>'
    assert 'data-theme="light"' in lean_pages.lean(page, "a.html", False)
