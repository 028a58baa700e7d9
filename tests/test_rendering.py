"""The loop of an atlas: what is there is not drawn again, and what goes wrong takes nothing with it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers import one_by_one
from helpers.atlas import render as rendering
from helpers.atlas.plan import Batch, Piece, Recipe
from helpers.atlas.render import render
from helpers.basics.files import write_whole

RECIPE = Recipe("none")


def png(piece: Piece) -> bytes:
    return b"\x89PNG " + piece.name.encode() + b" IEND\xaeB`\x82"


class Artist:
    """Draws at once, and remembers what it was asked for."""

    def __init__(self, poisoned: Sequence[int] = ()):
        self.asked: list[int] = []
        self.poisoned = poisoned

    def __call__(self, batch: Batch) -> list[bytes | str]:
        self.asked += [piece.target for piece in batch.pieces]
        return ["ValueError: poisoned" if p.target in self.poisoned else png(p) for p in batch.pieces]


@pytest.fixture
def pieces() -> list[Piece]:
    return [Piece(k, seed, f"piece-{k}-{seed}") for k in range(5) for seed in (0, 1)]


def stored(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_everything_is_drawn_once_and_then_never_again(tmp_path, pieces):
    first, second = Artist(), Artist()
    report = render(pieces, RECIPE, tmp_path, batch=3, draw=first)
    assert stored(tmp_path) == {f"{p.name}.png": png(p) for p in pieces}
    assert (report.wanted, report.kept, report.drawn, report.failed) == (10, 0, 10, {})
    assert sorted(first.asked) == sorted(p.target for p in pieces)
    report = render(pieces, RECIPE, tmp_path, draw=second)
    assert second.asked == [] and (report.kept, report.drawn) == (10, 0)


def test_only_what_is_missing_is_drawn(tmp_path, pieces):
    render(pieces[:4], RECIPE, tmp_path, draw=Artist())
    artist = Artist()
    report = render(pieces, RECIPE, tmp_path, batch=1, draw=artist)
    assert len(artist.asked) == 6 and (report.kept, report.drawn) == (4, 6)


def test_what_is_missing_is_drawn_in_the_company_it_had_and_nothing_is_written_twice(tmp_path, pieces):
    def company(batch: Batch) -> list[bytes]:
        names = ",".join(piece.name for piece in batch.pieces)
        return [f"{names} IEND".encode() + b"\xaeB`\x82" for _ in batch.pieces]

    render(pieces, RECIPE, tmp_path / "undisturbed", batch=3, draw=company)
    render(pieces, RECIPE, tmp_path, batch=3, draw=company)
    lost, old = tmp_path / "piece-1-0.png", tmp_path / "piece-0-0.png"
    lost.unlink()
    old.write_bytes(b"mine IEND\xaeB`\x82")
    assert render(pieces, RECIPE, tmp_path, batch=3, draw=company).drawn == 1
    assert lost.read_bytes() == (tmp_path / "undisturbed" / lost.name).read_bytes()
    assert old.read_bytes().startswith(b"mine")


def test_a_batch_has_one_seed(tmp_path, pieces):
    seen = []

    def engine(draw, batches):
        seen.extend(batches)
        return one_by_one(draw, seen)

    render(pieces, RECIPE, tmp_path, batch=3, engine=engine, draw=Artist())
    assert [len(batch.pieces) for batch in seen] == [3, 2, 3, 2]
    assert all(len({piece.seed for piece in batch.pieces}) == 1 for batch in seen)


def test_a_poisoned_piece_is_recorded_skipped_and_tried_again_when_asked(tmp_path, pieces):
    report = render(pieces, RECIPE, tmp_path, draw=Artist(poisoned=[3]))
    assert report.failed == {"piece-3-0": "ValueError: poisoned", "piece-3-1": "ValueError: poisoned"}
    assert "piece-3-0: ValueError: poisoned" in repr(report)
    healed = Artist()
    report = render(pieces, RECIPE, tmp_path, draw=healed)
    assert healed.asked == [] and len(report.failed) == 2 and report.kept == 8
    report = render(pieces, RECIPE, tmp_path, draw=healed, retry=True)
    assert report.drawn == 2 and report.failed == {} and not list(tmp_path.glob("*.failed"))


@pytest.mark.parametrize("left", [b"", b"\x89PNG half of a"])
def test_half_a_file_is_no_picture(tmp_path, pieces, left):
    (tmp_path / "piece-0-0.png").write_bytes(left)
    assert render(pieces, RECIPE, tmp_path, draw=Artist()).drawn == 10
    assert stored(tmp_path)["piece-0-0.png"] == png(pieces[0])


def test_what_a_killed_run_left_half_written_is_swept_but_not_another_run_s(tmp_path, pieces):
    old, fresh = tmp_path / "a.png.1.partial", tmp_path / "b.png.2.partial"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 1e4,) * 2)
    render(pieces, RECIPE, tmp_path, draw=Artist())
    assert not old.exists() and fresh.exists()


def test_control_c_ends_the_engine_and_keeps_what_is_done(tmp_path, pieces):
    ended = []

    def engine(draw, batches):
        try:
            yield from one_by_one(draw, batches[:2])
            raise KeyboardInterrupt
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt, match="4 drawn.*the same call does the rest") as stop:
        render(pieces, RECIPE, tmp_path, batch=2, engine=engine, draw=Artist())
    report = stop.value.result
    assert report.interrupted and report.drawn == 4 and ended
    assert render(pieces, RECIPE, tmp_path, draw=Artist()).drawn == 6


def test_pieces_of_a_batch_that_killed_its_worker_are_tried_alone(tmp_path, pieces):
    def engine(draw, batches):
        for batch in batches:
            yield batch, None if 2 in [piece.target for piece in batch.pieces] else draw(batch)

    report = render(pieces, RECIPE, tmp_path, batch=5, engine=engine, draw=Artist())
    assert report.drawn == 8 and report.failed == {"piece-2-0": "the worker died", "piece-2-1": "the worker died"}


def test_a_folder_that_cannot_be_written_to_is_said_before_anything_is_drawn(tmp_path, pieces):
    (tmp_path / "file").write_text("no folder")
    artist = Artist()
    with pytest.raises(OSError, match="cannot write to .*file"):
        render(pieces, RECIPE, tmp_path / "file", draw=artist)
    assert artist.asked == []


def test_a_full_disk_says_what_is_stored(tmp_path, pieces, monkeypatch):
    real = rendering.write_whole

    def full(path, data):
        if len(list(tmp_path.glob("*.png"))) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(rendering, "write_whole", full)
    with pytest.raises(OSError, match="the disk is full; 3 pictures of this run are stored"):
        render(pieces, RECIPE, tmp_path, draw=Artist())
    monkeypatch.undo()
    assert render(pieces, RECIPE, tmp_path, draw=Artist()).drawn == 7


def test_the_bar_counts_pictures(tmp_path, pieces, capfd, monkeypatch):
    monkeypatch.delenv("POMERANIAN_FAST", raising=False)
    monkeypatch.delenv("POMERANIAN_QUIET", raising=False)
    render(pieces[:4], RECIPE, tmp_path, draw=Artist(), progress=False)
    render(pieces, RECIPE, tmp_path, draw=Artist(), progress=True)
    said = capfd.readouterr().err
    assert "10/10" in said and "pictures/s" in said and "4/10" in said


def test_a_whole_picture_counts_for_more_than_an_old_note(tmp_path, pieces):
    """A run may be killed between the picture and the note's removal."""
    (tmp_path / f"{pieces[0].name}.failed").write_text("out of memory")
    (tmp_path / f"{pieces[0].name}.png").write_bytes(png(pieces[0]))
    report = render(pieces[:1], RECIPE, tmp_path, draw=Artist())
    assert report.kept == 1 and not report.failed


def test_many_runs_may_start_in_one_folder_at_once(tmp_path):
    def start(_):
        for _ in range(50):
            rendering.PictureFolder(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(8)))
    assert not list(tmp_path.iterdir())


def test_nobody_ever_sees_half_a_file(tmp_path):
    """Two writers with the same process number, as the first program of each of two containers has."""
    path, sizes = tmp_path / "a.png", (200_000, 300_000)

    def write(size):
        for _ in range(100):
            write_whole(path, bytes(size))

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, size) for size in sizes]
        while not all(writer.done() for writer in writers):
            assert not path.exists() or len(path.read_bytes()) in sizes
    for writer in writers:
        writer.result()
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_batch_of_nothing_is_refused(tmp_path, pieces):
    for batch in (0, -3):
        with pytest.raises(ValueError, match=f"1 picture or more, got {batch}"):
            render(pieces, RECIPE, tmp_path, batch=batch, draw=Artist())
