"""Whether stored results still count is found by drawing, not by saying so."""

from __future__ import annotations

import json

import pytest
import torch

from benchmarks.measure import store
from benchmarks.quality import confirm, drawing, entries


@pytest.fixture
def one(tmp_path, small, monkeypatch):
    """An entry whose results are stored under the fingerprint of older code: (entry, results, path)."""
    opinion = {"rank": {"judge": 1}, "probability": {"judge": 0.5}, "first": {"judge": "cat"}}
    monkeypatch.setattr(drawing, "network", lambda: small)
    monkeypatch.setattr(drawing, "judged", lambda images, classes: {c: dict(opinion) for c in classes})
    monkeypatch.setattr(entries, "find", lambda name: entry)
    entry = entries.Entry("mine", "Mine", "ours", "so", "new", lambda *_: torch.zeros(len(_[1]), 3, 8, 8))
    path = store.path_of(tmp_path, "mine", 128)
    about = {**entry.about(small, 128, 0), "fingerprint": "old"}
    store.save(path, {**about, "classes": {str(c): {**opinion, "drawn_in": 1.0} for c in (1, 3, 5)}})
    return entry, tmp_path, path


def test_the_same_pictures_go_on_counting(one, capsys):
    entry, results, path = one
    ((found, where, kept),) = confirm.stale([entry], results)
    assert (found, where) == (entry, path)
    with drawing.Crew(0, 1) as crew:
        assert confirm.confirm(entry, path, kept, [1, 3], crew)
    stored = json.loads(path.read_text())
    assert stored["fingerprint"] == "new" and stored["confirmed"] == 2 and set(stored["classes"]) == {"1", "3", "5"}
    assert confirm.stale([entry], results) == []
    assert "the same pictures of 2 classes" in capsys.readouterr().out


@pytest.mark.parametrize("key", confirm.SAID)
def test_another_picture_stays_out_of_date(one, key, capsys):
    entry, results, path = one
    stored = json.loads(path.read_text())
    stored["classes"]["3"][key] = {"judge": 7}
    path.write_text(json.dumps(stored))
    ((_, _, kept),) = confirm.stale([entry], results)
    with drawing.Crew(0, 1) as crew:
        assert not confirm.confirm(entry, path, kept, [1, 3], crew)
    assert json.loads(path.read_text())["fingerprint"] == "old"
    assert "[3]" in capsys.readouterr().out


def test_other_settings_are_never_confirmed(one):
    entry, results, path = one
    path.write_text(path.read_text().replace('"so"', '"otherwise"'))
    assert confirm.stale([entry], results) == []
