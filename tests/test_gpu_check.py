"""The check of a GPU, here on the processor: its parts run, a fault is a row, and the table always comes."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import nbformat
import pytest
import torch
from nbformat import v4

from benchmarks import gpu_check
from helpers import load_network

SMALLEST = replace(gpu_check.TINY, size=64, steps=1, batches=(1,))
ABOUT = v4.new_code_cell("print('Python 3, torch 2, running on CPU')")


def crashes(setting: gpu_check.Setting) -> str:
    os._exit(7)


def hangs(setting: gpu_check.Setting) -> str:
    time.sleep(600)


def fails(setting: gpu_check.Setting) -> str:
    raise ValueError("on purpose")


@pytest.mark.slow
def test_a_check_that_crashes_or_hangs_is_a_row_and_the_table_comes(tmp_path, monkeypatch, capsys):
    checks = {"crashes": crashes, "fails": fails, "hangs": hangs, "too late": fails}
    given = {crashes: 300.0, fails: 300.0, hangs: gpu_check.LAST}
    apart = gpu_check.run_apart
    monkeypatch.setattr(gpu_check, "run_apart", lambda check, setting, left: apart(check, setting, given.pop(check, 0)))
    monkeypatch.setattr(gpu_check, "wanted", lambda: checks)
    monkeypatch.setattr(gpu_check, "TINY", replace(SMALLEST, out=tmp_path))
    assert gpu_check.main(["--device", "cpu"]) == 1
    said = capsys.readouterr().out
    table = [line.split(None, 1) for line in said[said.index("verdict") :].splitlines()[2:]]
    assert "its process ended with 7" in " ".join(table[0])
    assert "ValueError: on purpose" in " ".join(table[1])
    assert "OUT OF TIME" in " ".join(table[2])
    assert "NOT RUN" in " ".join(table[3])


def test_without_a_gpu_a_sentence_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for built, says in (("13.2", "built for CUDA 13.2 and sees no GPU"), (None, "built without CUDA")):
        monkeypatch.setattr(torch.version, "cuda", built)
        assert gpu_check.main([]) == 2
        assert says in capsys.readouterr().err


def test_ten_bits_are_told_from_float32(monkeypatch):
    assert "logits 0e+00" in gpu_check.same_numbers(SMALLEST), "the processor disagrees with itself"

    def second_with_ten_bits(*name, device, seen=[]):  # noqa: B006
        network = load_network(*name, device="cpu")
        for parameter in network.core.parameters() if seen else ():
            bits = parameter.data.view(torch.int32)
            parameter.data = ((bits + 0x1000) & ~0x1FFF).view(torch.float32)
        seen.append(device)
        return network

    monkeypatch.setattr(gpu_check, "load_network", second_with_ten_bits)
    with pytest.raises(AssertionError, match="is TF32 on"):
        gpu_check.same_numbers(SMALLEST)


def test_the_explorer_draws_and_stops():
    assert gpu_check.explorer(SMALLEST).startswith("drew 1 steps, and stopped after")


@pytest.mark.parametrize(
    "code, error, says",
    [
        ("print(1)", None, "2 cells on CPU"),
        ("1 / 0", AssertionError, "cell 2 of 2: ZeroDivisionError"),
        ("import time; time.sleep(600)", TimeoutError, "of 2 cells ran"),
    ],
)
def test_a_chapter_runs_as_far_as_it_comes(tmp_path, code, error, says):
    setting = replace(SMALLEST, out=tmp_path / "out")
    setting.out.mkdir()
    nbformat.write(v4.new_notebook(cells=[ABOUT, v4.new_code_cell(code)]), tmp_path / "chapter.ipynb")
    deadline = time.time() + gpu_check.LAST + (1 if error is TimeoutError else 300)
    if error is None:
        assert gpu_check.chapter(setting, tmp_path / "chapter.ipynb", deadline) == says
    else:
        with pytest.raises(error, match=says):
            gpu_check.chapter(setting, tmp_path / "chapter.ipynb", deadline)
    assert (setting.out / "chapter.ipynb").exists()


def test_a_chapter_on_the_wrong_device_is_told(tmp_path):
    nbformat.write(v4.new_notebook(cells=[ABOUT]), tmp_path / "chapter.ipynb")
    setting = replace(SMALLEST, device="cuda", out=tmp_path)
    with pytest.raises(AssertionError, match="it ran on CPU"):
        gpu_check.chapter(setting, tmp_path / "chapter.ipynb", time.time() + 300)


@pytest.mark.slow
@pytest.mark.parametrize("check", [gpu_check.paces, gpu_check.vgg16_at_true_size, gpu_check.dask_worker])
def test_what_takes_a_gigabyte_or_a_cluster(check, tmp_path):
    assert check(replace(SMALLEST, steps=2, out=tmp_path))
