"""The benchmarks' own logic, on made-up results: nothing is drawn for long, and no other library is needed."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
import yaml

from benchmarks import page
from benchmarks.measure import bootstrap, sheets, store, tables
from benchmarks.quality import drawing, entries, fingerprint, kinship, reimplemented, riddle, scoreboard, timing, tuning
from benchmarks.quality import run as quality
from benchmarks.quality.peers import PEERS
from benchmarks.speed import cases, engine
from helpers import STYLES
from helpers.networks.load import imagenet_classes
from helpers.recipe_files import reading, recipe, specification
from helpers.recipe_files.reading import RecipeError

JUDGES = drawing.JUDGES
GOOD = {
    "title": "Mine",
    "author": "A student",
    "parameterization": {"fourier": {"chroma": 0.5}},
    "optimizer": {"Adam": {"lr": 0.05}},
    "views": [{"jitter": 8}, {"scale": [0.5, 1.4]}, "flip"],
    "edits": [{"blur": {"sigma": 0.5, "every": 4}}],
    "steps": 2,
    "size": 64,
    "batch": 2,
}


# --- the bootstrap ---


def test_the_same_results_differ_by_nothing():
    hits = {k: k % 3 == 0 for k in range(200)}
    found = bootstrap.compare(hits, hits)
    assert (found.difference, found.difference_interval) == (0, (0, 0))
    assert (found.ratio, found.ratio_interval) == (1, (1, 1))
    assert found.verdict == "no telling"


def test_the_interval_is_the_one_that_can_be_computed():
    first = {k: k < 120 for k in range(200)}  # wins 40 classes that the second loses, and loses none
    second = {k: k < 80 for k in range(200)}
    found = bootstrap.compare(first, second, draws=40_000)
    share = 40 / 200
    spread = 1.96 * math.sqrt(200 * share * (1 - share))  # the difference is a sum of 200 draws of 0 or 1
    assert (found.classes, found.first, found.second, found.difference) == (200, 120, 80, 40)
    assert found.difference_interval == pytest.approx((40 - spread, 40 + spread), abs=1.5)
    assert found.ratio == pytest.approx(1.5)
    assert found.ratio_interval[0] > 1.3
    assert found.verdict == "better"
    assert bootstrap.compare(second, first).verdict == "worse"


def test_pairing_sees_what_the_luck_of_the_classes_would_hide():
    paired = bootstrap.compare({k: k < 110 for k in range(200)}, {k: k < 100 for k in range(200)})
    crossed = bootstrap.compare({k: k < 110 for k in range(200)}, {k: k >= 100 for k in range(200)})
    assert paired.difference == crossed.difference == 10
    assert paired.verdict == "better"
    assert crossed.verdict == "no telling"


def test_chance_alone_is_called_better_about_as_often_as_it_says():
    generator = torch.Generator().manual_seed(0)
    calls = 0
    for _ in range(200):
        first, second = (torch.rand(100, generator=generator) < 0.5 for _ in range(2))
        found = bootstrap.compare(dict(enumerate(first.tolist())), dict(enumerate(second.tolist())), draws=1000)
        calls += found.verdict != "no telling"
    assert 2 <= calls <= 22  # 5% of 200 is 10


def test_nothing_right_is_no_division_by_zero():
    found = bootstrap.compare({1: True, 3: True}, {1: False, 3: False})
    assert found.ratio == math.inf
    assert bootstrap.compare({1: False}, {1: False}).ratio == 1


def test_only_classes_that_both_have_count():
    found = bootstrap.compare({1: True, 3: False, 5: True}, {3: False, 5: False, 7: True})
    assert (found.classes, found.first, found.second) == (2, 1, 0)
    with pytest.raises(ValueError, match="both"):
        bootstrap.compare({1: True}, {3: True})


# --- the sample, the store ---


def test_the_sample_is_odd_and_a_small_one_begins_a_large_one():
    large = store.sample(200)
    assert all(k % 2 for k in large)
    assert len(set(large)) == 200
    assert store.sample(24) == large[:24]
    with pytest.raises(ValueError):
        store.sample(501)


def made_up(name="visualize", kind="ours", right=(), classes=range(1, 20, 2), **more):
    """A stored entry that both judges find right on some classes."""
    records = {
        str(k): {
            "rank": dict.fromkeys(JUDGES, 1 if k in right else 9),
            "probability": dict.fromkeys(JUDGES, 0.5),
            "first": dict.fromkeys(JUDGES, "tabby"),
        }
        for k in classes
    }
    facts = {"name": name, "title": name, "kind": kind, "author": "", "settings": "so", "fingerprint": "f", "steps": 8}
    facts |= {"own_steps": False, "seed": 0, "batch": 1, "network": "SqueezeNet 1.1", "classes": records}
    return facts | more


def shown(results):
    """The benchmarks page on what is stored."""
    return page.benchmarks(results, results / "page.md", 8, 20)


def test_what_is_saved_is_loaded_again(tmp_path):
    entry = made_up()
    path = store.path_of(tmp_path, entry["name"], entry["steps"])
    store.save(path, entry)
    assert store.load(path) == entry
    assert store.entries(tmp_path, 8) == [entry]
    assert store.entries(tmp_path, 16) == []


def test_another_recipe_begins_anew(tmp_path):
    path = tmp_path / "visualize-8.json"
    store.save(path, made_up(timing={"ms": [1, 1, 1]}))
    about = {key: value for key, value in made_up().items() if key != "classes"}
    assert store.fresh(path, about)["classes"]
    assert "timing" in store.fresh(path, about)
    changed = store.fresh(path, about | {"fingerprint": "g"})
    assert changed["classes"] == {}
    assert "timing" not in changed


def test_a_run_goes_on_where_it_was(tmp_path, monkeypatch):
    asked = []

    def do(task):
        asked.append(task.classes)
        return {k: made_up()["classes"]["1"] for k in task.classes}

    entry = entries.Entry("one", "one", "ours", "", "mark", lambda *_: None)
    monkeypatch.setattr(drawing, "do", do)
    monkeypatch.setattr(drawing, "network", lambda: type("N", (), {"title": "N"}))
    options = ["--classes", "6", "--steps", "8", "--workers", "0", "--timed", "0"]
    chosen = quality.parse([*options, "--results", str(tmp_path)])
    quality.run([entry], chosen)
    assert sorted(k for group in asked for k in group) == sorted(store.sample(6))
    asked.clear()
    chosen = quality.parse([*options, "--results", str(tmp_path), "--classes", "8"])
    quality.run([entry], chosen)
    assert [k for group in asked for k in group] == store.sample(8)[6:]


def test_no_task_begins_after_the_time_is_up():
    left = iter([True, True, False, False])
    with drawing.Crew(0, 1) as crew:
        tasks = [drawing.Task("x", (k,), 1, 0, None) for k in range(4)]
        drawing_done = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drawing, "do", lambda task: task.classes)
            drawing_done = list(crew.results(tasks, partial(next, left)))
    assert drawing_done == [(0,), (1,)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_end_with_who_started_them():
    """Also where nobody had the time to tell them: a killed run left its processes drawing."""
    program = """
        import multiprocessing, os, sys, time
        from benchmarks.quality.drawing import Crew
        if __name__ == "__main__":
            with Crew(1, 1) as crew:
                print(crew.pool.submit(os.getpid).result(), flush=True)
                time.sleep(60)
    """
    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=store.ROOT, stdout=subprocess.PIPE, text=True
    )
    worker = psutil.Process(int(run.stdout.readline()))
    run.kill()
    run.wait()
    worker.wait(timeout=20)


def test_the_engine_s_page_tells_machines_apart(tmp_path):
    found = store.load(store.RESULTS / "engine.json")
    store.save_json(tmp_path / "engine.json", found)
    alone = shown(tmp_path)
    store.save_json(
        tmp_path / "engine-few.json", {**found, "machine": found["machine"] | {"instructions": "few vectors"}}
    )
    both = shown(tmp_path)
    assert "few vectors" not in alone and both.startswith(alone)
    assert "### With few vectors\n" in both and " with few vectors, 2 cores" in both
    assert both.count("| visualize | 1 |") == 2 * alone.count("| visualize | 1 |")


# --- fingerprints ---


def test_a_fingerprint_hears_code_and_not_words():
    plain = "def f(x):\n    return x + 1\n"
    worded = 'def f(x):\n    """Adds."""\n    return x + 1  # one\n'
    assert fingerprint.of_source(plain) == fingerprint.of_source(worded)
    assert fingerprint.of_source(plain) != fingerprint.of_source(plain.replace("1", "2"))


def test_every_entry_has_its_own_name_and_can_be_found():
    known = entries.every_entry()
    assert len({entry.name for entry in known}) == len(known)
    assert {peer.name for peer in PEERS} <= {entry.name for entry in known}
    assert entries.find("visualize").mark == known[0].mark
    with pytest.raises(LookupError, match="visualize"):
        entries.find("nothing")


def test_stored_results_of_another_recipe_say_so():
    now = entries.find("visualize").mark
    found = entries.in_order([made_up(fingerprint="old"), made_up(name="visualize-alone", fingerprint="older")])
    assert all("out of date" in one["title"] for one in found)
    assert entries.in_order([made_up(fingerprint=now)])[0]["title"] == "visualize"


# --- recipes ---


def test_a_recipe_is_read_and_drawn(small):
    read = recipe.parse(yaml.safe_dump(GOOD))
    images = read.draw(small, [0, 2], read.steps, 0)
    assert images.shape == (2, 3, 64, 64)
    assert 0 <= images.min() <= images.max() <= 1
    assert torch.equal(images, read.draw(small, [0, 2], read.steps, 0))
    assert "jitter(pixels 8)" in read.in_words()


def test_words_do_not_change_what_a_recipe_draws():
    other = GOOD | {"title": "Another", "note": "Long", "views": [{"jitter": {"pixels": 8}}, *GOOD["views"][1:]]}
    assert recipe.parse(yaml.safe_dump(GOOD)).what_it_draws() == recipe.parse(yaml.safe_dump(other)).what_it_draws()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stepps": 5}, "did you mean steps"),
        ({"steps": 0}, "from 1 to 2048"),
        ({"steps": 12.5}, "whole number"),
        ({"steps": True}, "whole number"),
        ({"size": 100_000}, "from 64 to 512"),
        ({"parameterization": "fourrier"}, "did you mean fourier"),
        ({"parameterization": {"fourier": {}, "pixels": {}}}, "one name"),
        ({"optimizer": {"Adam": {"lr": "1e-2"}}}, "0.001"),
        ({"optimizer": "Adam"}, "lacks lr"),
        ({"optimizer": {"LBFGS": {"lr": 1}}}, "there are"),
        ({"views": [{"scale": [1.4, 0.5]}]}, "smaller to a larger"),
        ({"views": [{"jitter": 8.5}]}, "views 1: jitter: pixels"),
        ({"views": [{"jitter": [8, 9]}]}, "takes pixels"),
        ({"views": {"jitter": 8}}, "is a list"),
        ({"views": [{"blur": 1}]}, "views 1"),
        ({"objective": "class_loggit"}, "did you mean class_logit"),
        ({"title": ""}, "1 to 60 characters"),
        ({"precision": float("nan")}, "precision"),
        ({"optimizer": {"Adam": {"lr": float("nan")}}}, "a number from"),
    ],
)
def test_mistakes_are_answered(change, words):
    with pytest.raises(RecipeError, match=words):
        recipe.parse(yaml.safe_dump(GOOD | change))


def test_pads_do_not_add_up_to_a_picture_that_fills_the_memory():
    pads = [{"pad": {"pixels": 128}}] * 16
    with pytest.raises(RecipeError, match=r"the pads make 4\d\d\d pixels a side.*768 at most"):
        recipe.parse(yaml.safe_dump(GOOD | {"views": pads}))


def test_a_recipe_is_data():
    with pytest.raises(RecipeError, match="not YAML"):
        recipe.parse("title: !!python/object/apply:os.getcwd []")
    with pytest.raises(RecipeError, match="keys and values"):
        recipe.parse("- 1")
    with pytest.raises(RecipeError, match="lacks title"):
        recipe.parse("steps: 1")


NEEDED = {"pixels": 4, "degrees": 10, "low": 0.9, "high": 1.1, "sigma": 1.0, "std": 0.1, "factor": 1.1}


@pytest.mark.parametrize("key", ["views", "edits"])
def test_every_view_and_edit_that_a_recipe_file_knows_is_made(key):
    for name, known in (specification.VIEWS if key == "views" else specification.EDITS).items():
        given = {option: NEEDED[option] for option, (_, default) in known.items() if default is reading.NEEDED}
        [chosen] = recipe.parse(yaml.safe_dump(GOOD | {key: [{name: given}]})).values[key]
        assert specification.make_transform(chosen)(torch.rand(1, 3, 32, 32)).shape[:2] == (1, 3), name


def test_fog_of_a_recipe_file_may_come_in_late():
    [late] = recipe.parse(yaml.safe_dump(GOOD | {"views": [{"noise": {"std": 0.1, "after": 7}}]})).values["views"]
    assert specification.make_transform(late).after == 7


def test_a_stranger_s_recipe_does_not_make_the_reader_stumble(tmp_path):
    deep = "a: &a [x]\n" + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefgh"))
    for text in ("[" * 3000, deep, yaml.safe_dump(GOOD | {"title": "x" * 9000})):
        with pytest.raises(RecipeError) as told:
            recipe.parse(text)
        assert len(str(told.value)) < 1000
    with pytest.raises(RecipeError, match="got 'one'$"):  # no word about how YAML reads 1e-3
        recipe.parse(yaml.safe_dump(GOOD | {"optimizer": {"Adam": {"lr": "one"}}}))
    (tmp_path / "recipe.yml").write_bytes(b"title: \xff")
    with pytest.raises(RecipeError, match="not a text in UTF-8"):
        recipe.load(tmp_path / "recipe.yml")


@pytest.mark.parametrize("path", sorted((store.ROOT / "benchmarks" / "recipes").glob("*.yml")), ids=lambda p: p.stem)
def test_the_recipes_here_are_recipes(path):
    assert entries.from_recipe(path).title


def test_the_script_answers_without_a_traceback(tmp_path):
    mistaken = tmp_path / "mine.yml"
    mistaken.write_text(yaml.safe_dump(GOOD | {"optimizr": "Adam"}))
    command = [sys.executable, "-m", "benchmarks.quality.scoreboard", str(mistaken)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=store.ROOT)
    assert run.returncode == 1
    assert "did you mean optimizer?" in run.stderr
    assert "Traceback" not in run.stderr


# --- the reimplemented peers ---


def test_the_reimplemented_peers_climb(small):
    torch.manual_seed(0)
    for views in (reimplemented.plain_views(), reimplemented.robust_views()):
        image = reimplemented.captum_optim(small, 2, 3, views, size=64)
        assert image.shape == (1, 3, 64, 64)
        assert 0 < image.min() < image.max() < 1
    few, many = (reimplemented.regularized_class_specific(small.core, 2, steps) for steps in (1, 12))
    assert few.shape == (1, 3, 224, 224)
    assert small(many)[0, 2] > small(few)[0, 2]


# --- timing, tables, sheets, pages ---


def test_watching_also_counts_copies_and_ends(small):
    import copy

    with timing.watched(small.core) as moments:
        small(torch.rand(1, 3, 32, 32))
        copy.deepcopy(small)(torch.rand(1, 3, 32, 32))
    small(torch.rand(1, 3, 32, 32))
    assert len(moments) == 2


def test_the_floor_and_a_whole_entry_are_timed(small):
    assert len(timing.floor(timing.class_score(small, 2), (1, 3, 32, 32), 3)) == 3
    entry = entries.from_recipe(store.ROOT / "benchmarks" / "recipes" / "visualize.yml")
    short = recipe.parse(yaml.safe_dump(GOOD | {"steps": 6}))
    entry = entries.Entry("r", "r", "recipe", "", "m", short.draw, batch=2, own_steps=6)
    found = timing.time_entry(entry, small, [0, 1, 2, 3], 128, 0)
    assert found["ratio"][0] > 0
    assert found["ms"][1] <= found["ms"][0] <= found["ms"][2]


def test_rounds_are_compared_with_the_floor_of_their_turn():
    slow = iter([9, 9, 1, 2, 2, 2, 4, 8])  # a warm-up round, then a machine that gets slower
    found = engine.take_turns(
        [
            cases.Case("bare", "g", lambda turn: [1.0 * next(slow)]),
            cases.Case("ours", "g", lambda turn: [2.0 * next(slow)], "bare", batch=2, target=1.2),
        ],
        rounds=1,
        say=lambda words: None,
    )
    # the warm-up round takes 9, 9 and 1; then the floor alone is 2, the floor before ours 2, ours 2 · 2 / 2 images
    assert found[0].ms == [2]
    assert found[1].ratios == [1]
    table = engine.rows([one.as_dict() for one in found], "g")
    assert table[0][-2:] == ["at most", "verdict"]
    assert [row[-2:] for row in table[1:]] == [["", ""], ["1.20", "kept"]]
    assert "verdict" not in engine.rows([found[0].as_dict()], "g")[0], "no limits, no column for them"


def test_columns_of_numbers_are_flush_right():
    rows = [
        ["recipe", "share", "ratio", "gain", "machine", "verdict"],
        ["1f", "61% (54–68)", "its own", "+98 (+84 to +112)", "2 cores", ""],
        ["2", "–", "2.60 (1.85 to ∞)", "-21 (-38 to +8)", "8", ""],
    ]
    assert tables.markdown(rows).splitlines()[1] == "| --- | --: | --: | --: | --- | --- |"


def test_a_peer_is_named_once():
    peers = [made_up(name, "peer", [1]) for name in "ab"]
    table = tables.compared(tables.comparisons(made_up(), peers, JUDGES, [1, 3]), "visualize")
    assert [row[0] for row in table[1:]] == ["a", "", "", "", "b", "", "", ""]
    assert table[0][2:4] == ["verdict", "more classes (95%)"]


def test_sheets_have_a_place_for_every_picture(tmp_path):
    folder = tmp_path / "one"
    image = torch.zeros(3, 64, 64)
    drawing.write_whole(folder / "1.webp", drawing.webp(drawing.picture(image)))
    made = sheets.sheet([("one", folder), ("none", tmp_path / "none")], [1, 3], ["a", "b"])
    assert made.size == (sheets.MARGIN + 2 * (sheets.SIDE + sheets.GAP), sheets.HEAD + 2 * (sheets.SIDE + sheets.GAP))
    assert made.getpixel((sheets.MARGIN + 50, sheets.HEAD + 50)) == (0, 0, 0, 255)
    many = sheets.sheet([("one", folder)], range(1, 99, 2), ["a very long name of a class"] * 49)
    assert many.width == 2 * 760, "a page, at two dots a pixel"


def test_pictures_without_words_stand_whole_under_their_numbers():
    colors = [(20 * k, 255 - 20 * k, 100) for k in range(11)]
    made = sheets.wordless([sheets.Image.new("RGB", (160, 160), color) for color in colors], columns=8)
    high = sheets.NUMBER + 160
    assert made.size == (8 * 160 + 7 * sheets.GAP, 2 * high)
    for i, color in enumerate(colors):
        x, y = i % 8 * (160 + sheets.GAP), i // 8 * high + sheets.NUMBER
        for corner in ((x, y), (x + 159, y + 159)):
            assert made.getpixel(corner) == (*color, 255)
        assert np.asarray(made.getchannel("A"))[y - sheets.NUMBER : y, x : x + 160].any(), f"no number above {i}"


# --- the riddle ---

SHOWN = riddle.CLASSES[:4]
FIRST, SECOND, THIRD, FOURTH = map(str, SHOWN)
OWN, OTHER = (imagenet_classes()[k] for k in SHOWN[:2])
ASKED = {
    "asked": "others",
    "readers": [
        {
            "who": "A reader",
            "guesses": {FIRST: [OWN.upper()], SECOND: ["thing", " a  word ", f"{OTHER}s"], THIRD: [OWN]},
        },
        {"who": "Another", "guesses": {FIRST: ["a", "b", "c", OWN], FOURTH: ["Beside Words"]}},
    ],
    "also": {FOURTH: ["beside word", "else"], SECOND: ["never said"]},
}


@pytest.mark.parametrize(
    "reader, k, place",
    [
        (0, 0, 1),  # in capitals
        (0, 1, 3),  # in the plural
        (0, 2, 0),  # another class's name
        (0, 3, 0),  # no guess
        (1, 0, 0),  # too late
        (1, 1, 0),
        (1, 3, 1),  # a word that counts as the name
    ],
)
def test_a_guess_is_right_if_it_names_the_class(reader, k, place):
    assert riddle.right_guess(ASKED, ASKED["readers"][reader], SHOWN[k]) == place


def test_a_word_that_counts_for_one_class_counts_for_no_other():
    guesses = {FIRST: ["else"], FOURTH: ["elsewhere", "ELSE"]}
    assert [riddle.right_guess(ASKED, {"guesses": guesses}, k) for k in SHOWN] == [0, 0, 0, 2]


def test_shares_are_of_all_pictures_and_a_third_guess_is_not_a_first():
    head, one, two = riddle.rows(ASKED)
    assert one[0] == "1" and two[0] == "2"
    assert one[1:] == [tables.share_of(1, len(riddle.CLASSES)), tables.share_of(2, len(riddle.CLASSES))]
    assert two[1:] == [tables.share_of(1, len(riddle.CLASSES))] * 2
    missed = [row[0] for row in riddle.misses(ASKED)[1:]]
    assert missed == [str(number) for number in range(1, len(riddle.CLASSES) + 1) if number not in (1, 2, 4)]


def test_the_answers_are_all_names_and_all_guesses_word_for_word():
    head, *table = riddle.answers(ASKED)
    assert head == ["no.", "class", "reader 1", "reader 2"] and len(table) == len(riddle.CLASSES)
    assert table[0][2:] == [f"**{OWN.upper()}**", f"a, b, c, {OWN}"]
    assert table[1][1:] == [f"{OTHER} (or never said)", f"thing,  a  word , **{OTHER}s**", "–"]


def test_the_page_tells_guesses_only_about_the_sheet_s_pictures(tmp_path):
    def asked_about(stored: dict) -> str:
        store.save_json(tmp_path / "riddle.json", {"drawn": "Some Nets, some steps"} | stored)
        return shown(tmp_path)

    assert "readers" not in asked_about(ASKED), "there is no sheet"
    (tmp_path / riddle.SHEET).write_bytes(b"pictures")
    asked = ASKED | {"asked": riddle.mark(tmp_path)}
    text = asked_about(asked)
    assert "Some Nets, some steps" in text and "Reader 1: A reader. Reader 2: Another.\n" in text
    assert "45 of 48" in text and f"**{OTHER}s**" in text
    for nothing in ({}, ASKED, asked | {"readers": []}):
        text = asked_about(nothing)
        assert "What do readers see?" in text and OTHER in text and f"{{figure}} {riddle.SHEET}\n" in text
        assert "eader 1" not in text and "guess" not in text
    (tmp_path / riddle.SHEET).write_bytes(b"others")
    assert "A reader" not in asked_about(asked)


def test_the_riddle_is_drawn_by_all_and_says_so(monkeypatch):
    monkeypatch.setattr(riddle, "HOW", riddle.HOW | {"steps": 1, "size": 32})
    drawn = riddle.draw([1, 3])
    assert len(drawn.networks) == 4 and "style='natural'" in drawn.code
    words = riddle.in_words([drawn, replace(drawn, restarts=(0, 2))])
    assert "SqueezeNet 1.1 + EfficientNet-Lite0 + EfficientNet-Lite1 + EfficientNet-Lite2" in words
    assert "1 steps, 32×32" in words and words.endswith("begun again: 1")


def test_the_stored_sheet_is_what_the_stored_readers_were_shown():
    with sheets.Image.open(store.RESULTS / riddle.SHEET) as stored:
        side = riddle.HOW["size"]
        high = len(riddle.CLASSES) // 8 * (side + sheets.NUMBER)
        assert stored.size == (8 * (side + sheets.GAP) - sheets.GAP, high), "run python -m benchmarks.quality.riddle"
    assert riddle.answered(store.RESULTS)


def test_a_sheet_has_no_ground_and_its_words_keep_to_their_places(tmp_path):
    name = "a name as long as the names of recipes become, with a network"
    made = sheets.sheet([(name, tmp_path)], [1], ["a very long name of a class"])
    alpha = torch.tensor(np.array(made.getchannel("A"))) > 0
    assert not alpha[sheets.HEAD :, sheets.MARGIN - 8 :].any(), "a row's name runs into its pictures"
    assert alpha[sheets.HEAD :, : sheets.MARGIN].any(dim=1).sum() > sheets.ROW_FONT, "and has more than one line"
    assert alpha[: sheets.HEAD].any() and not alpha[: sheets.HEAD, : sheets.MARGIN].any()
    sheets.save(made, tmp_path / "sheet.webp")
    with sheets.Image.open(tmp_path / "sheet.webp") as stored:
        assert stored.convert("RGBA").getpixel((made.width - 1, made.height - 1))[3] == 0


def test_the_pages_are_made_of_what_is_stored(tmp_path, monkeypatch):
    classes = store.sample(20)
    timed = {key: [2.0, 1.9, 2.1] for key in ("seconds", "ms", "floor", "ratio")}
    marks = {name: entries.find(name).mark for name in ("visualize", "visualize-alone")}
    peer = made_up("captum-optim", "peer", classes[:5], classes[:10], timing=timed)
    for one in (
        made_up("visualize", right=classes[:18], classes=classes, fingerprint=marks["visualize"], timing=timed),
        made_up("visualize-alone", right=classes[:9], classes=classes, fingerprint=marks["visualize-alone"]),
        peer | {"fingerprint": entries.find("captum-optim").mark},
    ):
        store.save(store.path_of(tmp_path, one["name"], 8), one)
    facts = {"processor": "P", "cores": 2, "memory_gb": 4, "system": "S", "python": "3", "torch": "2", "threads": 2}
    store.save_json(tmp_path / "machine.json", facts | {"torchvision": "0", "date": "today"})
    page.main(["--steps", "8", "--classes", "20", "--results", str(tmp_path), "--book", str(tmp_path / "book")])
    text = (tmp_path / "book" / "benchmarks.md").read_text()
    assert "90%\N{NO-BREAK SPACE}(" in text  # 18 of 20
    start = "| captum-optim | Lite0 top\N{NON-BREAKING HYPHEN}1"
    row = next(line for line in text.splitlines() if line.startswith(start))
    assert "| 10 | 10 | 5 |" in row  # only the classes that both have
    assert "2 classes that neither judge has" in text
    assert "## The pictures" not in text, "there are none"
    assert "`visualize(…, style='natural')`" in page.settings(
        [{"title": "natural", "settings": "visualize(…, style='natural'), eight at a time"}]
    )
    board = json.loads((tmp_path / "scoreboard.json").read_text())
    assert [line["name"] for line in board] == ["visualize", "visualize-alone", "captum-optim"]  # the fewest last
    text = (tmp_path / "book" / "scoreboard.md").read_text()
    assert "{{" not in text
    assert scoreboard.rows(board)[1][1] in text


def test_without_results_the_page_has_no_parts(tmp_path):
    assert shown(tmp_path).startswith("# Benchmarks\n\n*Written by") and "##" not in shown(tmp_path)


def test_the_page_says_what_was_confirmed(tmp_path):
    store.save(store.path_of(tmp_path, "visualize-alone", 8), made_up("visualize-alone"))
    for more, said in (({"confirmed": 8}, True), ({}, False)):
        store.save(store.path_of(tmp_path, "visualize", 8), made_up(**more))
        assert ("what today's code draws for the first 8 of their classes.\n" in shown(tmp_path)) == said


def test_what_was_tried_for_natural_is_what_the_page_says(tmp_path):
    tried, stored = tuning.candidates(), store.load(store.RESULTS / "tuning.json")
    assert [*tried] == [*stored] and len({tuning.settings(one) for one in tried.values()}) == len(tried)
    for words, one in tried.items():
        assert stored[words]["settings"] == tuning.settings(one), f"{words}: drawn with other settings"
    taken, last = list(tried.items())[-1]
    assert last == tuning.Candidate(STYLES["natural"])
    assert tuning.rows({taken: {**stored[taken], "settings": "others"}}) == tuning.rows({})
    classes = tuning.even_classes()
    assert len(set(classes)) == tuning.COUNT and not any(c % 2 for c in classes) and max(classes) < 1000
    table = tuning.rows(stored)
    assert len(table) == len(tried) + 1 and len(tuning.rows({taken: stored[taken]})) == 2
    assert table[-1][2] == "{efficientnet_lite0}, {efficientnet_lite1}".format(**stored[taken]["named"]["full"])
    store.save_json(tmp_path / "tuning.json", stored)
    assert "## How `natural` was found" in shown(tmp_path)


def test_pictures_are_judged_small_gray_and_blurred():
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seen = drawing.harder(image)
    assert seen["small"].shape[-2:] == (drawing.TILE, drawing.TILE)
    assert torch.equal(seen["gray"][:, 0], seen["gray"][:, 2]) and seen["blurred"].std() < 0.5 * image.std()


def test_harder_pictures_have_shares_of_their_own():
    record = {"rank": dict.fromkeys(JUDGES, 1), "harder": {"small": {JUDGES[0]: 1, JUDGES[1]: 2}}}
    entry = {"title": "ours", "steps": 8, "classes": {"1": record, "3": record}}
    assert store.hits(entry, JUDGES[1], 1, [1, 3]) == {1: True, 3: True}
    assert store.hits(entry, JUDGES[1], 1, [1, 3], "small") == {1: False, 3: False}
    head, row = tables.harder([entry], JUDGES, [1, 3])
    assert head[2:] == ["small: Lite0", "small: Lite1"]
    assert row[2].startswith("100%") and row[3].startswith("0%")
    assert (
        page.harder([entry], [1, 3]) and page.harder([{**entry, "classes": {"1": {"rank": record["rank"]}}}], [1]) == []
    )


def test_kinship_counts_each_judge_and_asks_for_the_next_name(tmp_path, monkeypatch):
    seen = []

    def draw(classes, crew, **options):
        seen.append((tuple(classes), len(crew), options["restarts"]))
        return SimpleNamespace(images=torch.stack([torch.full((3, 8, 8), c / 1000) for c in classes]))

    def opinion(images, classes, judge):
        drawn = (1000 * images[:, 0, 0, 0]).round().int().tolist()
        return SimpleNamespace(rank=torch.tensor([1 if a == b else 7 for a, b in zip(drawn, classes, strict=True)]))

    monkeypatch.setattr(kinship, "visualize", draw)
    monkeypatch.setattr(kinship, "second_opinion", opinion)
    monkeypatch.setattr(entries, "loaded", str)
    monkeypatch.setattr(kinship, "pool", lambda: ThreadPoolExecutor(1))
    for _ in range(2):
        kinship.main(["--results", str(tmp_path), "--count", "9"])
    assert [len(classes) for classes, *_ in seen] == [8, 1] * len(kinship.CREWS), "what is stored is not drawn again"
    assert [crew for _, crew, _ in seen] == [n for crew in kinship.CREWS for n in (len(crew),) * 2]
    assert {restarts for *_, restarts in seen} == {0}
    table = kinship.rows(store.load(tmp_path / "kinship.json"))
    assert [row[0] for row in table[1:]] == [kinship.title(crew) for crew in kinship.CREWS]
    for crew, row in zip(kinship.CREWS, table[1:], strict=True):
        for name, cell in zip(kinship.NAMES, row[1:-1], strict=True):
            assert cell == "[100%]" if name in crew else cell.startswith("100%\N{NO-BREAK SPACE}(")
        assert row[-1].startswith("0%\N{NO-BREAK SPACE}(")
    assert tables.of_numbers([row[1] for row in table[1:]])
    assert "## What is kinship worth?" in shown(tmp_path)


def test_the_page_says_what_remains_of_a_relative_s_word():
    def ranks(*crew, **first):
        """Ten pictures by a crew, of which each judge names so many first."""
        own = {name: [1] * first[short] + [7] * (10 - first[short]) for name, short in kinship.NAMES.items()}
        return {kinship.title(crew): {"mark": kinship.mark(crew, 10), "classes": 10, "own": own, "shuffled": own}}

    one, two = (kinship.RELATIVE,), (kinship.STRANGER, kinship.RELATIVE)
    alone = ranks(*one, SqueezeNet=1, Lite0=9, Lite1=8, Lite2=10)
    both = ranks(*two, SqueezeNet=10, Lite0=9, Lite1=10, Lite2=10)
    said = kinship.remains(alone | both)
    assert "its relatives in 90% and 80% of its pictures, and by SqueezeNet in 10%" in said
    assert "the relatives' 90% and 100% for what both drew" in said
    agrees = ranks(*one, SqueezeNet=8, Lite0=9, Lite1=8, Lite2=10)
    assert kinship.remains(agrees | both) == "" == kinship.remains({}), "a stranger that agrees takes nothing away"
    stale = {"Lite2": alone["Lite2"] | {"mark": "of other code"}}
    assert kinship.counted(alone | both) == alone | both and kinship.counted(stale | both) == both
