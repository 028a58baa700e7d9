"""What is done to the pages between Sphinx and the reader: images into files, repairs, covers, places in the PDF."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from PIL import Image
from pygments import highlight
from pygments.lexers import PythonLexer
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from tools.browser import paper
from tools.browser import pdf as make_pdf
from tools.site import covers, links, pictures, repairs, social_cards

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


def test_images_become_files_and_none_is_lost(tmp_path, film):
    page, still, frames = film
    body, listed = pictures.externalize(page, tmp_path, "../_images")
    assert "base64" not in body
    assert "return data;" in body, "the film's script still puts a prefix before what are now addresses"
    written = {path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {base64.b64decode(one) for one in (still, *frames)}
    assert len(listed) == 2
    assert all(f'"{one}"' in body for one in listed)
    assert (body, listed) == pictures.externalize(page, tmp_path, "../_images"), "not the same twice"
    assert pictures.externalize(body, tmp_path, "../_images")[0] == body, "a page changes twice"


def test_small_frames_of_a_film_become_files_with_the_others(tmp_path):
    """The script puts one prefix before all frames: once it is gone, a frame left behind would be an address."""
    small, large = (base64.b64encode(b"RIFF\x00\x00\x00\x00WEBP" + bytes(n)).decode() for n in (200, 2000))
    page = f'<script>let film = {{"frames": ["{small}", "{large}"]}}, f = "data:image/webp;base64," + d;</script>'
    lifted, frames = pictures.externalize(page, tmp_path, "../_images")
    assert "UklGR" not in lifted and len(frames) == 2 and "base64" not in lifted


def test_a_listing_of_code_keeps_its_text(tmp_path):
    prefix = '"data:image/webp;base64,"'
    page = f'<pre>{prefix} + data</pre><script>let x = "UklGR", y = {prefix} + x;</script>'
    assert pictures.externalize(page, tmp_path, ".") == (page, [])


def test_pictures_wait_for_the_reader_but_not_the_first(tmp_path, film):
    body, _ = pictures.externalize(film[0], tmp_path, ".")
    body = pictures.lazy(body, lambda source: pictures.size_of(tmp_path / source, 0))
    first, second = re.findall(r"<img[^>]*>", body)
    assert 'loading="lazy"' not in first
    assert 'loading="lazy"' in second
    assert 'width="64" height="48"' in first


def test_only_forgotten_pictures_are_removed(tmp_path, film):
    folder = tmp_path / "_images"
    body, listed = pictures.externalize(film[0], folder, "_images")
    (tmp_path / "index.html").write_text(body)
    old = pictures.write_image(b"old", "webp", folder)
    (folder / "sheet.webp").write_bytes(b"another's")
    pictures.remove_unused(tmp_path, folder)
    assert not (folder / old).exists()
    assert len(list(folder.iterdir())) == 4


def test_code_has_spans_where_it_has_colors():
    code = "if x: print('a')  # why"
    page = highlight(code, PythonLexer(), repairs.FewerSpans())
    assert '<span class="k">if</span> x: <span class="nb">print</span>(<span class="s1">' in page
    assert re.sub("<[^>]+>", "", page).strip().replace("&#39;", "'") == code


def test_what_a_screen_reader_stumbles_over_is_mended():
    assert 'aria-label="To do"' in repairs.mend('<input class="task-list-item-checkbox" type="checkbox">')
    assert repairs.mend('<summary aria-label="Toggle hidden content">\n<p>Show') == "<summary>\n<p>Show", "its own name"
    assert "role" not in repairs.mend('<div role="list" class="citation-list">')


@pytest.mark.parametrize(("node", "loaded"), [(nodes.math("", "x"), True), (nodes.strong("", "x"), False)])
def test_formulas_are_set_where_there_are_some(node, loaded):
    scripts = [SimpleNamespace(filename=name, attributes={}) for name in ("mathjax/startup.js", "theme.js")]
    scripts.append(SimpleNamespace(filename=None, attributes={"body": "window.MathJax = {}"}))
    context = {"body": "", "script_files": scripts}
    repairs.mend_page(None, "page", "", context, nodes.paragraph("", "", node))
    assert len(context["script_files"]) == (3 if loaded else 1)


def test_a_solution_says_that_it_is_one_and_shows_no_marks():
    text = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n\nf(1)"
    cells = [{"source": text.splitlines(keepends=True), "metadata": {"tags": [tag]}} for tag in ("solution", "setup")]
    source = [json.dumps({"cells": cells})]
    app = SimpleNamespace(env=SimpleNamespace(doc2path=lambda page: f"{page}.ipynb"))
    repairs.present_solutions(app, "notebooks/01", source)
    solution, other = json.loads(source[0])["cells"]
    assert "".join(solution["source"]) == "def f(x):\n    return x\n\nf(1)"
    assert solution["metadata"]["mystnb"]["code_prompt_show"] == "Show a solution"
    assert other == cells[1]


PICTURED = [page for page in [*NOTEBOOKS, *ROOT.glob("book/*.ipynb")] if page.stem.partition("_")[0] in covers.COVERS]


@pytest.mark.parametrize("notebook", PICTURED, ids=lambda path: path.stem.partition("_")[0])
def test_each_page_still_shows_the_picture_of_its_cover(notebook):
    found = covers.cover(notebook)
    assert found is not None and found.found, "describe its picture anew in tools/site/covers.py"
    assert len(covers.thumbnail(found.picture)) < 20_000


def test_every_chapter_has_a_cover_and_a_page_of_plots_has_none():
    assert len(PICTURED) == len(covers.COVERS) and {*NOTEBOOKS} <= {*PICTURED}
    assert covers.cover(ROOT / "book" / "larger_worlds.ipynb") is None


def test_the_pages_about_the_atlas_have_its_picture():
    pages = ["book/atlas", "book/larger_worlds", "notebooks/09_an_atlas_of_a_thousand_classes"]
    assert len({social_cards.picture_for(ROOT, page).tobytes() for page in pages}) == 1
    assert social_cards.picture_for(ROOT, "book/climb").tobytes() != social_cards.picture_for(ROOT, pages[0]).tobytes()


def test_a_term_is_linked_once_and_not_in_code():
    pattern, seen = links.pattern_for({"feature map", "class", "logit"}), []

    def link(match):
        if match[1].lower() in seen:
            return None
        seen.append(match[1].lower())
        return nodes.emphasis("", match[0])

    pieces = links.split("A class has a logit; Feature maps, logits, prelogit.", pattern, link)
    assert [piece.astext() for piece in pieces if isinstance(piece, nodes.emphasis)] == ["logit", "Feature maps"]
    assert "".join(piece.astext() for piece in pieces) == "A class has a logit; Feature maps, logits, prelogit."


def test_the_book_s_own_address_leads_within_the_site():
    home = "https://me.github.io/book/"
    app = SimpleNamespace(config=SimpleNamespace(html_baseurl=home))
    ways = [f"{home}book/climb.html#hen&amp;recipe=original", f"{home}notebooks/01.html", "https://me.github.io/other/"]
    lines = [nodes.paragraph("", "", nodes.reference("", "there", refuri=way)) for way in ways]
    document = nodes.section("", *lines)
    links.link_home(app, document, "notebooks/02")
    led = [link["refuri"] for link in document.findall(nodes.reference)]
    assert led == ["../book/climb.html#hen&recipe=original", "../notebooks/01.html", ways[2]]
    assert [line["classes"] for line in lines] == [["pom-climb-link"], [], []]


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
    repairs.keep_whole(paragraph)
    found = [one.astext() for one in paragraph.findall(nodes.inline) if "pom-whole" in one["classes"]]
    assert found == whole
    assert paragraph.astext() == words, "no letter is lost or moved"
    assert len(list(paragraph.findall(nodes.math))) == formulas
    once = paragraph.pformat()
    repairs.keep_whole(paragraph)
    assert paragraph.pformat() == once, "not the same twice"


def test_places_in_a_pdf_are_found():
    """As Chromium names them: names of PDF, spaces as %20."""
    writer = PdfWriter()
    sheets = [writer.add_blank_page(100, 100) for _ in range(3)]
    places = {"/one": sheets[1], "/two%20words": sheets[2]}
    to = {NameObject(key): ArrayObject([page.indirect_reference, NameObject("/Fit")]) for key, page in places.items()}
    writer.root_object[NameObject("/Dests")] = DictionaryObject(to)
    memory = io.BytesIO()
    writer.write(memory)
    assert make_pdf.places_in(memory.getvalue()) == ({"one": 2, "two words": 3}, 3)


def test_on_paper_a_film_is_its_first_middle_and_last_picture(tmp_path, film):
    (tmp_path / "notebooks").mkdir()
    body, _ = pictures.externalize(film[0], tmp_path / "_images", "../_images")
    page = "notebooks/03.html"
    (tmp_path / page).write_text(f'<article>{body}<a href="03.html#s">a</a><a href="../x.html">b</a></article>')
    article, entries, _ = paper.page_on_paper(tmp_path, page, {page}, "https://e.org/")
    strip = article.select(".strip figcaption")
    assert [one.get_text() for one in strip] == ["step 0", "step 1", "step 2"]
    assert not article.find("script")
    assert [link["href"] for link in article.find_all("a")] == ["#notebooks-03--s", "https://e.org/x.html"]
    assert entries[0] == paper.Entry("T", "notebooks-03", 1)


def test_paper_keeps_the_curves_of_films_the_labels_of_grids_and_opens_solutions(tmp_path):
    data = json.dumps({"frames": [], "plots": "<svg><text>&lt;0.5</text></svg><svg></svg>"})
    still = '<p class="pom-still">Run the cell</p>'
    film = (
        f'<div class="pom-player"><div class="pom-stage"><img src="../a.webp"></div>{still}</div>'
        f'<script>(function () {{}})("k", {data});</script>'
    )
    grid = f'<div class="pom-sliders"><img src="../a.webp">{still}</div><script>labels()</script>'
    code = '<details class="hide above-input"><summary>Show</summary><pre>code</pre></details>'
    cells = f'<div class="cell tag_solution">{code}</div><div class="cell">{code.replace("code", "folded")}</div>'
    hint = "<details><summary>Hint</summary>words</details>"
    page = f"<h1>T</h1><style>.atlas{{margin:0}}</style>{film}{film}{grid}{cells}{hint}<script>0</script>"
    (tmp_path / "a.html").write_text(f"<article>{page}</article>")
    article, _, styles = paper.page_on_paper(tmp_path, "a.html", {"a.html"}, "https://e.org/")
    assert styles == [".atlas{margin:0}"] and not article.find("style")
    assert len(article.select(".strip > .curves > svg")) == 4
    assert article.select_one(".curves text").get_text() == "<0.5"
    assert [one.string for one in article.find_all("script")] == ["labels()"], "what names a grid's rows still runs"
    assert not article.select(".pom-still")
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
    article, entries, _ = paper.page_on_paper(tmp_path, "a.html", {"a.html"}, "https://e.org/")
    assert "minmax(max(0px,9px),1fr)" in article.select_one("[style]")["style"]
    assert ["paper-short" in cell["class"] for cell in article.select(".cell_input")] == [True, True, False]
    assert article.details["class"] == ["paper-answers"]
    assert [entry.words for entry in entries] == ["T", "On f?"]


def test_a_card_names_its_page_without_tags(tmp_path):
    (tmp_path / "book" / "_static").mkdir(parents=True)
    Image.new("RGB", (30, 20)).save(tmp_path / social_cards.COVER)
    config = SimpleNamespace(html_baseurl="https://e.org/b/", html_title="B")
    builder = SimpleNamespace(format="html", imagedir="_images", get_target_uri=lambda page: f"{page}.html")
    app = SimpleNamespace(config=config, builder=builder, srcdir=tmp_path, outdir=tmp_path)
    words = "This paragraph says in more than forty letters what the page is about."
    page = nodes.section("", nodes.note("", nodes.paragraph("", "x" * 50)), nodes.paragraph("", words))
    context = {"title": '<span class="section-number">3. </span>Up &amp; down <code>a</code>', "metatags": ""}
    social_cards.add_card(app, "book/a", "", context, page)
    said = dict(re.findall(r'(?:property|name)="([^"]+)" content="([^"]*)"', context["metatags"]))
    assert said["og:title"] == "3. Up &amp; down a"
    assert said["og:description"] == said["description"] == words
    assert said["og:url"] == "https://e.org/b/book/a.html"
    with Image.open(tmp_path / said["og:image"].removeprefix("https://e.org/b/")) as card:
        assert card.size == (social_cards.WIDTH, social_cards.HEIGHT)


@pytest.mark.parametrize("labels", [["score [logit] 1", "𝑓 = 2 🐶"], ['the "margin"', "a\\b"]])
def test_words_of_a_film_come_to_paper_as_they_are(labels):
    code = f'(function () {{}})("pom-1", {json.dumps({"frames": ["x", "y"], "labels": labels, "dots": []})});'
    assert paper.said_in(code, "labels") == labels
    assert not paper.said_in("no film", "labels")


def test_pages_at_any_depth_come_to_paper_with_their_pictures_and_formulas(tmp_path):
    plain = "<html><head><title>a</title></head><article><h1>T</h1><img src='_images/a.webp'></article></html>"
    deep = plain.replace("_images", "../../_images").replace(
        "<title>", "<script src='mathjax/startup.js'></script><title>"
    )
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "index.html").write_text(plain)
    (tmp_path / "one" / "two" / "deep.html").write_text(deep + '<a href="../x.html">')
    text, _ = paper.join_pages(tmp_path, ["index.html", "one/two/deep.html"], "T", "https://e.org/book", {})
    assert text.count('src="../_images/a.webp"') == 2 and "mathjax/startup.js" in text
    assert ".pom-player svg{" in text, "films' curves have their look"
    article, _, _ = paper.page_on_paper(tmp_path, "index.html", set(), "https://e.org/book")
    assert article.img["src"] == "../_images/a.webp"


def test_what_a_page_is_asked_to_do_leads_from_the_paper_to_the_site(tmp_path):
    line = '<article><h1>T</h1><a href="b.html#hen&amp;recipe=original">x</a><a href="b.html#top">y</a></article>'
    (tmp_path / "a.html").write_text(line)
    article, _, _ = paper.page_on_paper(tmp_path, "a.html", {"a.html", "b.html"}, "https://e.org/book")
    assert [tag["href"] for tag in article("a")] == ["https://e.org/book/b.html#hen&recipe=original", "#b--top"]


def test_links_that_leave_the_paper_keep_the_site_s_folder(tmp_path):
    (tmp_path / "a.html").write_text('<article><h1>T</h1><a href="deep/x.zip">x</a></article>')
    for base in ("https://e.org/book", "https://e.org/book/"):
        article, _, _ = paper.page_on_paper(tmp_path, "a.html", {"a.html"}, base)
        assert article.a["href"] == "https://e.org/book/deep/x.zip"


def test_the_landing_page_and_the_chapter_say_the_same_of_its_time():
    landing = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        said = re.search(r"the code runs in ([\w ]+?) on two CPU cores", path.read_text(encoding="utf-8"))[1]
        (row,) = [line for line in landing.splitlines() if line.startswith("| [") and path.name in line]
        assert row.endswith(f"| {said} |"), path.stem
