"""The table of grades, as CSV for a spreadsheet and as one HTML page that needs no other file."""

from __future__ import annotations

import base64
import csv
import html
import io
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from .rows import Row, Score
from .source import Assignment

SIDE = 224  # pixels of a picture in the page
STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem; }
table { border-collapse: collapse; margin: 1rem 0 3rem; }
th, td { border: 1px solid #8886; padding: .4rem .6rem; text-align: left; vertical-align: top; max-width: 22rem; }
thead th { position: sticky; top: 0; background: Canvas; }
td p { margin: .2rem 0; overflow-wrap: anywhere; font-size: .85rem; }
td.full { background: #3a92; } td.none { background: #d442; } td.part, td.read { background: #db32; }
td:has(img) { min-width: 14rem; }
img { display: block; width: 14rem; max-width: 100%; image-rendering: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
small { opacity: .8; }
"""


def number(value: float) -> str:
    """Points without needless zeros."""
    return f"{value:g}"


def plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line."""
    text = " ".join(text.split())
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def as_csv(grades: Sequence[Grade], assignments: Sequence[Assignment]) -> str:
    """One line for each submission; a column for each question, empty where a person has to read first."""
    questions = list(dict.fromkeys(q.name for assignment in assignments for q in assignment.questions))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["student", "assignment", "file", "points", "of", "points to read"]
    writer.writerow([*head, *questions, "target", "judge", "judge's rank", "judge's probability", "messages", "notes"])
    for grade in grades:
        by_name = {score.name: score for score in grade.scores}
        waiting = sum(score.of for score in grade.scores if score.points is None)
        cells = [
            grade.student,
            grade.assignment,
            grade.file,
            number(grade.total),
            number(sum(_of(grade))),
            number(waiting),
        ]
        for name in questions:
            score = by_name.get(name)
            cells.append("" if score is None or score.points is None else number(score.points))
        drawn = next((score.picture for score in grade.scores if score.picture), None)
        facts = (
            [drawn["caption"], drawn["opinion"], drawn["rank"], f"{drawn['probability']:.4f}"] if drawn else [""] * 4
        )
        messages = "; ".join(f"{score.name}: {score.message}" for score in grade.scores if score.message)
        writer.writerow([plain(str(cell)) for cell in [*cells, *facts, messages, "; ".join(grade.notes)]])
    return out.getvalue()


def _of(grade: Grade) -> list[float]:
    return [score.of for score in grade.scores]


def as_html(grades: Sequence[Grade], assignments: Sequence[Assignment], pictures: Path, about: Sequence[str]) -> str:
    """One page: a table for each assignment, and what isolation was in force."""
    escape = html.escape
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>Grades</title><style>{STYLE}</style><body>"]
    parts.append("<h1>Grades</h1>")
    parts += [f"<p>{escape(line)}</p>" for line in about]
    for assignment in assignments:
        mine = [grade for grade in grades if grade.assignment == assignment.name]
        head = "".join(
            f"<th scope=col>{escape(q.title)}<br><small>{escape(q.name)}, {number(q.points)}</small></th>"
            for q in assignment.questions
        )
        parts.append(f"<h2>{escape(assignment.name)}</h2><table><thead><tr><th scope=col>Student</th>")
        parts.append(f"<th scope=col>Points<br><small>of {number(assignment.points)}</small></th>{head}")
        parts.append("<th scope=col>Notes</th></tr></thead><tbody>")
        parts += [_row(grade, pictures) for grade in mine]
        parts.append("</tbody></table>")
    return "".join([*parts, "</body></html>\n"])


def _row(grade: Grade, pictures: Path) -> str:
    waiting = sum(score.of for score in grade.scores if score.points is None)
    more = f"<br><small>and {number(waiting)} to read</small>" if waiting else ""
    cells = "".join(_cell(score, pictures) for score in grade.scores)
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in [*grade.notes, f"{grade.seconds:.1f} s"])
    student = f"{html.escape(grade.student)}<br><small>{html.escape(grade.file)}</small>"
    return f"<tr><th scope=row>{student}</th><td>{number(grade.total)}{more}</td>{cells}<td>{notes}</td></tr>"


def _cell(score: Score, pictures: Path) -> str:
    if score.points is None:
        written = f"<details><summary>to read</summary><pre>{html.escape(score.written)}</pre></details>"
        return f"<td class=read>?/{number(score.of)}{written}</td>"
    kind = "full" if score.points == score.of else "part" if score.points else "none"
    message = f"<p>{html.escape(score.message)}</p>" if score.message else ""
    picture = _picture(score.picture, pictures) if score.picture else ""
    return f"<td class={kind}>{number(score.points)}/{number(score.of)}{message}{picture}</td>"


def _picture(told: dict, folder: Path) -> str:
    image = Image.open(folder / told["file"]).convert("RGB")
    image.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    data = base64.b64encode(out.getvalue()).decode()
    caption = html.escape(told["caption"])
    recipe = f"<details><summary>recipe</summary>{html.escape(told['recipe'])}</details>"
    return f'<img alt="{caption}" src="data:image/jpeg;base64,{data}"><p>{caption}</p>{recipe}'


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8", newline="")
    os.replace(beside, path)
