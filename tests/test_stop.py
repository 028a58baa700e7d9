"""Ctrl-C and the stop button: one press ends the drawing, keeps the picture, and halts what would have come next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest
import torch
from jupyter_client.manager import KernelManager
from stopping import stopped

from helpers import Pixels, ascend, class_logit, last_result
from helpers.basics import seeding
from helpers.running import stop

ROOT = Path(__file__).resolve().parent.parent
BEGIN = f"""
import os, signal, sys, time
sys.path.insert(0, {str(ROOT)!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
import torch
from torch import nn
import helpers
from helpers import Network, Pixels, ascend, class_logit, last_result
network = Network(nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), "own", "Own", ["a", "b"])
said = []
def tell(step, images, scores):
    if step == 2 and not said:
        said.append(step)
        print("running", flush=True)
    time.sleep(0.01)
def draw(**options):
    options |= dict(steps=10**6, progress=False, callbacks=[tell])
    return ascend(class_logit("a"), network, Pixels.uniform(16), **options)
"""


@pytest.fixture
def program():
    """Starts a program; one that a failed test left drawing does not draw on beside the other tests."""
    started = []

    def start(code: str) -> subprocess.Popen:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        command = [sys.executable, "-W", "ignore", "-c", BEGIN + code]
        started.append(subprocess.Popen(command, **pipes, text=True, cwd=ROOT))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def press(running: subprocess.Popen, times: int = 1) -> tuple[str, str]:
    """Send a real SIGINT, or several at once, as soon as the program says that it draws."""
    assert running.stdout.readline() == "running\n"
    for _ in range(times):
        running.send_signal(signal.SIGINT)
    return running.communicate(timeout=60)


def test_a_script_ends_and_does_not_say_that_all_went_well(program):
    running = program("draw()\nprint('went on')\n")
    out, err = press(running)
    assert "went on" not in out and "Stopped after" in err and "of 1000000 steps" in err
    assert running.returncode, "torch._dynamo keeps Python from ending by the signal itself, which would be -SIGINT"


def test_a_list_does_not_go_on_with_the_next_and_the_picture_is_kept(program):
    """Pressed once, twice and three times; a second or third may come when nothing is drawn any more."""
    code = """
before = None
for times in (1, 2, 3):
    said.clear()
    sys.stdin.readline()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        [(print("another") if k else None, draw()) for k in range(3)]
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    kept = last_result()
    print(kept is not before, kept.interrupted, kept.images.shape, len(kept.scores) > 1, flush=True)
    before = kept
"""
    running = program(code)
    for times in (1, 2, 3):
        print("go on", file=running.stdin, flush=True)
        assert running.stdout.readline() == "running\n"
        for _ in range(times):
            running.send_signal(signal.SIGINT)
        said = running.stdout.readline()
        assert said == "True True torch.Size([1, 3, 16, 16]) True\n", f"{times} times: {said}"
    assert running.wait(timeout=60) == 0, running.stderr.read()


def test_stopped_in_its_first_step_there_is_nothing_to_keep(small, monkeypatch, capsys):
    def compiling(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stop, "KEPT", [])
    monkeypatch.setattr(type(small), "activations", compiling)
    with pytest.raises(KeyboardInterrupt, match="before the first step") as caught:
        ascend(class_logit(0), small, Pixels.uniform(8), steps=3, progress=False)
    assert caught.value.result is None and len(caught.value._render_traceback_()) == 1
    assert last_result() is None and "Nothing has been drawn yet" in capsys.readouterr().out


def test_a_callback_that_ends_a_run_halts_nothing(small):
    options = dict(steps=9, progress=False, callbacks=[lambda step, images, scores: step < 2])
    result = ascend(class_logit(0), small, Pixels.uniform(8), **options)
    assert result.interrupted and len(result.scores) == 3


def test_a_drawing_in_a_callback_that_is_stopped_stops_the_one_around_it(small):
    def inner(step, images, scores):
        if step == 1:
            raise KeyboardInterrupt

    def outer(step, images, scores):
        ascend(class_logit(1), small, Pixels.uniform(8), steps=4, progress=False, callbacks=[inner])

    result = stopped(
        lambda: ascend(class_logit(0), small, Pixels.uniform(8), steps=9, progress=False, callbacks=[outer])
    )
    assert result.steps == 9 and len(result.scores) == 1
    fresh = ascend(class_logit(0), small, Pixels.uniform(8), steps=9, progress=False)
    assert not fresh.interrupted, "the next drawing knows nothing of the press"


def test_pressed_while_the_picture_is_finished_it_is_kept(small):
    calls = []

    def finish(images):
        calls.append(images)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return images.clamp(0, 1)

    result = stopped(lambda: ascend(class_logit(0), small, Pixels.uniform(8), steps=3, progress=False, finish=finish))
    assert len(result.scores) == 3 and torch.isfinite(result.images).all()


EDGES = [*product(["generators"], (1, 2, 3, 4)), *product(["set_generators"], (1, 2, 3))]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name, at", EDGES)
def test_pressed_where_the_generators_change_hands_the_caller_has_its_own(monkeypatch, name, at, late):
    """Two blocks of one run; the press comes at one of the calls that tell or set the generators."""
    real, calls = getattr(seeding, name), []

    def pressed(*given):
        calls.append(given)
        if len(calls) == at:
            if late:
                real(*given)
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(seeding, name, pressed)
    torch.manual_seed(5)
    chance, before = seeding.Seeded(3, torch.device("cpu")), torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(2):
            with chance:
                torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: seeding.TURNS.acquire(timeout=1) and not seeding.TURNS.release()).result()


@pytest.mark.parametrize("name", ["generators", "set_generators"])
def test_pressed_where_a_trial_tells_or_sets_the_generators_others_have_their_turn(monkeypatch, name):
    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(seeding, name, pressed)
    with pytest.raises(KeyboardInterrupt), seeding.untouched(torch.device("cpu")):
        pass
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: seeding.TURNS.acquire(timeout=1) and not seeding.TURNS.release()).result()


def test_the_stop_button_during_run_all_aborts_what_is_queued():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT), env=os.environ | {"OMP_NUM_THREADS": "1"})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        begin = BEGIN.replace("signal.signal(signal.SIGINT, signal.default_int_handler)", "")
        cells = [client.execute(code) for code in (begin, "draw()", "after = 1", "more = 1")]
        shown = []
        while (message := client.get_iopub_msg(timeout=120))["content"].get("text") != "running\n":
            pass
        manager.interrupt_kernel()
        statuses = {}
        while not set(statuses) >= set(cells):  # on a busy machine there are late answers to "are you ready?", too
            message = client.get_shell_msg(timeout=60)
            statuses[message["parent_header"]["msg_id"]] = message["content"]["status"]
        while not shown:
            message = client.get_iopub_msg(timeout=60)
            shown = message["content"].get("traceback", [])
        assert [statuses[cell] for cell in cells] == ["ok", "error", "aborted", "aborted"]
        assert len(shown) == 1 and shown[0].startswith("Stopped after") and "last_result()" in shown[0]
        client.execute("print('kept', last_result().interrupted, 'after' in globals())")
        while "kept" not in (text := client.get_iopub_msg(timeout=60)["content"].get("text", "")):
            pass
        assert text == "kept True False\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
