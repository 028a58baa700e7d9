"""Links that nobody types: a glossary's term where a chapter first uses it, and the chapter that a docstring names.

And those that a chapter must type in full, so that they lead somewhere from Colab, too: here they lead within the site.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes

CHAPTERS = re.compile(r"notebooks/(\d\d)_\w+")
NOT_IN = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.raw, nodes.caption, nodes.math)
SHORTEST = 5  # letters: "unit", "edit" and "view" are words of every day, too
EVERYDAY = {"class", "score", "layer", "channel", "input", "margin", "style", "transfer", "kinship"}
CLIMB = "book/climb.html#"
NAMED = re.compile(r"\b[Cc]hapter (\d)\b")


def glossary(env) -> dict[str, tuple[str, str]]:
    """Return the glossary's terms in lower case, with the page and the anchor of each."""
    objects = env.get_domain("std").get_objects()
    return {name.lower(): (page, anchor) for name, _, kind, page, anchor, _ in objects if kind == "term"}


def pattern_for(terms) -> re.Pattern | None:
    """Return a pattern that finds any of the terms, the longest first, in the singular or the plural."""
    good = [term for term in terms if len(term) >= SHORTEST and term not in EVERYDAY and "(" not in term]
    if not good:
        return None
    either = "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in sorted(good, key=lambda t: (-len(t), t)))
    return re.compile(rf"(?<![\w-])({either})(e?s)?(?![\w-])", re.IGNORECASE)


def around(node: nodes.Node) -> Iterator[nodes.Element]:
    """Yield all that a node stands in."""
    while node.parent is not None:
        node = node.parent
        yield node


def split(text: str, pattern: re.Pattern, link) -> list[nodes.Node]:
    """Cut a text at what a pattern finds; ``link(match)`` says what stands there, or None to leave it."""
    pieces, at = [], 0
    for match in pattern.finditer(text):
        made = link(match)
        if made is not None:
            pieces += [nodes.Text(text[at : match.start()]), made]
            at = match.end()
    return [piece for piece in (*pieces, nodes.Text(text[at:])) if not isinstance(piece, nodes.Text) or piece]


def replace(doctree, pattern: re.Pattern, link) -> None:
    """Do so in every paragraph and list of a page, but not in headings, code, links or answers to pick."""
    for text in list(doctree.findall(nodes.Text)):
        places = list(around(text))
        paragraph = next((one for one in places if isinstance(one, nodes.paragraph)), None)
        if paragraph is None or any(isinstance(one, NOT_IN) for one in places) or not pattern.search(text):
            continue
        if paragraph[0].astext().startswith("<label"):  # of a self-check: whoever picks it would be led away
            continue
        pieces = split(str(text), pattern, link)
        if len(pieces) > 1 or not isinstance(pieces[0], nodes.Text):
            text.parent.replace(text, pieces)


def reference(app, page: str, target: str, anchor: str, words: str, kind: str) -> nodes.reference:
    address = app.builder.get_relative_uri(page, target) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", "", nodes.inline("", words), internal=True, refuri=address, classes=[kind])


def link_terms(app, doctree, page: str) -> None:
    """In a chapter, link each term of the glossary where it first stands."""
    terms = glossary(app.env)
    pattern, seen = pattern_for(terms), set()
    if pattern is None:
        return

    def link(match: re.Match):
        term = " ".join(match[1].lower().split())
        if term in seen:
            return None
        seen.add(term)
        return reference(app, page, *terms[term], match[0], "pom-term")

    replace(doctree, pattern, link)


def link_chapters(app, doctree, page: str) -> None:
    """In the reference of `helpers`, link the chapters that its docstrings name."""
    numbered = {int(found[1]): name for name in app.env.found_docs if (found := CHAPTERS.fullmatch(name))}

    def link(match: re.Match):
        target = numbered.get(int(match[1]))
        return reference(app, page, target, "", match[0], "pom-derives") if target else None

    replace(doctree, NAMED, link)


def link_home(app, doctree, page: str) -> None:
    """Let the book's own published address lead within the site, whoever serves it; a link to *Climb* stands back."""
    home, root = app.config.html_baseurl, "../" * page.count("/")
    for link in doctree.findall(nodes.reference):
        if not home or not link.get("refuri", "").startswith(home):
            continue
        way = html.unescape(link["refuri"])  # MyST has written & as an entity, and Sphinx will do so once more
        link["refuri"], link["internal"] = root + way.removeprefix(home), True
        if CLIMB in link["refuri"] and link.parent.index(link) == 0:
            link.parent["classes"].append("pom-climb-link")


def link_mentions(app, doctree, page: str) -> None:
    """Sphinx's hook: once a page's own references are resolved."""
    if app.builder.format != "html":
        return
    link_home(app, doctree, page)
    if CHAPTERS.fullmatch(page):
        link_terms(app, doctree, page)
    elif Path(page).name == "helpers_reference":
        link_chapters(app, doctree, page)
