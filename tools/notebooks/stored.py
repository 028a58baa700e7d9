"""What a stored notebook holds: pure functions of a notebook, the same text for the same chapter.

``tools/notebooks/run.py`` runs a chapter and stores what these leave of it; the assignments are written with them, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
METADATA = {
    "accelerator": "GPU",  # Colab's: start on a GPU
    "colab": {"gpuType": "T4", "provenance": []},
    # What JupyterLab writes when it opens a notebook, without the version of Python (see jupyter_server_config.py).
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
FOLDED = {"hide-input", "solution"}  # tags whose code the site folds away, and Jupyter, too
WIDGET = "application/vnd.jupyter.widget"
ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]{6,}>")
SPEED = re.compile(r"\d(it/s|s/it)\b")


def clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return a cell's outputs without stderr and live widgets, metadata dropped."""
    cleaned: list[NotebookNode] = []
    for output in outputs:
        output = nbformat.from_dict(dict(output))
        if output.get("name") == "stderr" or any(kind.startswith(WIDGET) for kind in output.get("data", {})):
            continue
        if "metadata" in output:
            output.metadata = {}
        cleaned.append(output)
    return cleaned


def stable_id(index: int, source: str) -> str:
    """Return an id for a cell that has none: the same for the same cell in the same place."""
    return hashlib.sha256(f"{index}\0{source}".encode()).hexdigest()[:8]


def clean(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook as it is stored: cells' ids and tags kept, whatever differs from run to run dropped."""
    stored = nbformat.from_dict(dict(notebook))
    stored.metadata = nbformat.from_dict(METADATA)
    stored.nbformat, stored.nbformat_minor = 4, 5
    count = 0
    for index, cell in enumerate(stored.cells):
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if FOLDED & set(tags or ()):
            cell.metadata.jupyter = nbformat.from_dict({"source_hidden": True})
        cell.id = cell.get("id") or stable_id(index, cell.source)
        if cell.cell_type != "code":
            continue
        cell.outputs = clean_outputs(cell.outputs)
        cell.execution_count = None
        if cell.source.strip():
            count += 1
            cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return stored


def serialize(notebook: NotebookNode) -> str:
    """Return a notebook's text: the same for the same notebook."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """Yield every text that a code cell shows; images and other binary data are left out."""
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield "\n".join([output.ename, output.evalue, *output.traceback])
        else:
            for kind, value in output.data.items():
                if isinstance(value, str) and (not kind.startswith("image/") or kind == "image/svg+xml"):
                    yield re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+", "", value)


def private_places(root: Path = ROOT) -> list[str]:
    """List the folders that must not be named in an output: this checkout and its owner's home."""
    places = {str(root), str(Path.home())}
    return sorted(place for place in places if len(place) > 3)


def problems(notebook: NotebookNode, places: list[str]) -> list[str]:
    """List what a reader or a second run should not find in the outputs, each with its cell."""
    found = []
    for index, cell in enumerate(notebook.cells, start=1):
        for text in output_texts(cell):
            found += [f"cell {index} shows the path {place}" for place in places if place in text]
            if match := ADDRESS.search(text):
                found.append(f"cell {index} shows a memory address, other in every run: {match.group(0)[:80]}")
            if SPEED.search(text):
                found.append(f"cell {index} shows a progress bar's timing")
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            found.append(f"cell {index} stores an error")
    return found


def changed_cells(before: NotebookNode, after: NotebookNode) -> list[int]:
    """List the cells (from 1) whose outputs differ; cells are matched by id."""
    known = {cell.get("id"): cell for cell in before.cells}
    changed = []
    for index, cell in enumerate(after.cells, start=1):
        if cell.cell_type == "code":
            old = known.get(cell.id, {})
            if old.get("outputs", []) != cell.outputs or old.get("execution_count") != cell.execution_count:
                changed.append(index)
    return changed


def same_source(one: NotebookNode, other: NotebookNode) -> bool:
    """Say whether two notebooks have the same cells, outputs aside."""
    return [(c.cell_type, c.source) for c in one.cells] == [(c.cell_type, c.source) for c in other.cells]


def stderr_notes(notebook: NotebookNode) -> list[str]:
    """List what went to stderr, which is not stored: the author should still see it."""
    notes = []
    for index, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr" and output.text.strip():
                last = output.text.strip().splitlines()[-1]
                notes.append(f"cell {index} wrote to stderr: {last[:100]}")
    return notes
