"""Many workers: they draw what one would, and nothing that dies takes more than its batch with it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
import torch

from helpers import plan, render
from helpers.atlas.cluster import AHEAD, KEEP, local_cluster, on_dask
from helpers.atlas.plan import Batch, Piece, Recipe
from tools.draw import atlas

dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")

ROOT = Path(__file__).resolve().parent.parent
STEPS = "16"  # so that a run lasts longer than it takes to be disturbed
ONE = ["--network", "squeezenet1_1", "--style", "clear"]
SMALL = [*ONE, "--steps", STEPS, "--size", "64", "--batch", "2", "--classes", *map(str, range(250, 266))]
PATIENCE = 240  # seconds, on a machine that does other things
WANT = "and batches of 8 want 1.1 GB a worker"
PNG = b"\x89PNG...IEND\xaeB`\x82"


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def start(folder: Path, *more: str) -> subprocess.Popen:
    """The program, in a process group of its own."""
    command = [sys.executable, ROOT / "tools" / "draw" / "atlas.py", *SMALL, "--folder", folder, *more]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return subprocess.Popen(
        list(map(str, command)), env=environment(), start_new_session=True, preexec_fn=heed_control_c, **pipes
    )


def heed_control_c() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and so would all that these tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(program: subprocess.Popen) -> str:
    return program.communicate(timeout=PATIENCE)[0]


def wait_for(folder: Path, count: int, program: subprocess.Popen) -> None:
    """Until there are ``count`` pictures."""
    end = time.monotonic() + PATIENCE
    while len(list(folder.glob("*.png"))) < count:
        assert program.poll() is None, f"it ended before its time:\n{program.stdout.read()}"
        assert time.monotonic() < end, "nothing is drawn"
        time.sleep(0.02)


def workers_of(program: subprocess.Popen) -> list[psutil.Process]:
    children = psutil.Process(program.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def part_of_dask(part: str, folder: Path, *arguments: str) -> subprocess.Popen:
    """A part of a cluster that knows nothing of this book."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *arguments, "--no-dashboard"]
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return subprocess.Popen(command, env=environment(), cwd=folder, **quiet)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the programs that are started have it: two would add up in another order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, bytes]:
    """What one process draws that nobody disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    classes = [int(c) for c in SMALL[SMALL.index("--classes") + 1 :]]
    pieces, recipe = plan(classes, "squeezenet1_1", steps=int(STEPS), size=64)
    report = render(pieces, recipe, folder, batch=2)
    assert report.drawn == len(classes) and not report.failed
    return contents(folder)


@pytest.mark.slow
def test_killed_workers_and_a_killed_run_lose_nothing_and_draw_nothing_twice(tmp_path, undisturbed):
    program = start(tmp_path, "--workers", "2")
    wait_for(tmp_path, 2, program)
    workers_of(program)[0].send_signal(signal.SIGKILL)
    wait_for(tmp_path, 8, program)
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    there = contents(tmp_path)
    assert 8 <= len(there) < len(undisturbed), "it should have been killed in mid-flight"

    said = finish(start(tmp_path, "--workers", "2"))
    stored = sum(name.endswith(".png") for name in there)
    assert f"16 wanted: {stored} were there, {16 - stored} drawn, 0 cannot be drawn." in said
    assert {name for name in contents(tmp_path) if not name.endswith(".partial")} == set(undisturbed)
    assert all(contents(tmp_path)[name] == data for name, data in undisturbed.items())


@pytest.mark.parametrize("workers", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_control_c_keeps_what_is_drawn(tmp_path, undisturbed, workers):
    """A terminal sends it to the whole group. What is half drawn is not stored, and the workers say nothing."""
    program = start(tmp_path, "--workers", workers)
    wait_for(tmp_path, 2, program)
    os.killpg(program.pid, signal.SIGINT)
    said = finish(program)
    assert program.returncode == 1 and "stopped early: the same call does the rest" in said
    assert "Traceback" not in said
    assert contents(tmp_path).items() < undisturbed.items()
    with pytest.raises(SystemExit) as end:  # in this process: another one takes long to start
        atlas.main([*SMALL, "--folder", str(tmp_path), "--workers", "0"])
    assert end.value.code == 0
    assert contents(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("gigabytes", "workers", "said"),
    [
        (2, 2, f"2 workers have 1.0 GB each, {WANT}: local_cluster(1), or render(..., batch=2)"),
        (1, 1, f"1.0 GB here, {WANT}: render(..., batch=2)"),
        (2.4, 2, ""),
        (2, None, ""),
    ],
)
def test_too_little_memory_for_so_many_workers_is_said(monkeypatch, capsys, gigabytes, workers, said):
    monkeypatch.setattr("distributed.system.MEMORY_LIMIT", int(gigabytes * 1e9))
    monkeypatch.setattr(distributed, "SpecCluster", lambda *members, **options: None)
    local_cluster(workers)
    assert capsys.readouterr().err.strip() == said


def test_workers_on_gpus_are_no_more_than_there_are_gpus(monkeypatch):
    monkeypatch.setattr(distributed, "SpecCluster", lambda *members, **options: members)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert len(local_cluster(2, "cuda")[0]) == 2
    with pytest.raises(ValueError, match="3 workers want a GPU each, and 2 are seen here"):
        local_cluster(3, "cuda")


def test_expected_faults_are_told_in_a_line(tmp_path):
    faults = [["--channels", "fier3:7"], ["--batch", "0"]]
    for options in faults if torch.cuda.is_available() else [*faults, ["--device", "cuda"]]:
        with pytest.raises(SystemExit) as end:
            atlas.main([*SMALL, "--folder", str(tmp_path), "--workers", "0", *options])
        assert re.match(r"\w*(Error|UnknownName): ", str(end.value)) and "\n" not in str(end.value)


def test_a_cluster_that_ran_another_recipe_gets_this_one(tmp_path):
    """A cluster may outlive many runs: what an earlier one brought must not draw for a later one."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "helpers", copy / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "helpers" / "recipes.py").open("a") as file:
        file.write("\nMARK = 'later'\n")
    program = f"""
        import sys
        from pathlib import Path
        from types import SimpleNamespace
        sys.path.insert(0, {str(ROOT)!r})
        from tools.draw import atlas
        sys.path.remove({str(ROOT)!r})
        (place := Path({str(tmp_path)!r}, "worker")).mkdir()
        worker = SimpleNamespace(local_directory=str(place))
        first = atlas.Code()
        atlas.ROOT = Path({str(copy)!r})
        later = atlas.Code()
        for code in (first, later, first):
            code.setup(worker)
            from helpers import recipes
            print(getattr(recipes, "MARK", "first"))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert run.stdout.split() == ["first", "later", "first"], run.stderr


@pytest.mark.slow
def test_a_cluster_elsewhere_gets_the_code_and_its_scheduler_may_die(tmp_path, undisturbed):
    elsewhere, address = tmp_path / "elsewhere", f"tcp://127.0.0.1:{free_port()}"
    elsewhere.mkdir()
    scheduler = part_of_dask("scheduler", elsewhere, "--host", "127.0.0.1", "--port", address.rpartition(":")[2])
    worker = part_of_dask("worker", elsewhere, address, "--nthreads", "1", "--death-timeout", "20")
    try:
        program = start(tmp_path / "drawn", "--scheduler", address)
        wait_for(tmp_path / "drawn", 4, program)
        scheduler.kill()
        said = finish(program)
        assert program.returncode == 1 and "the scheduler is gone; what is stored stays" in said
        assert contents(tmp_path / "drawn").items() < undisturbed.items()
    finally:
        for process in (scheduler, worker):
            process.kill()


@pytest.fixture(scope="module")
def client():
    with local_cluster(1) as cluster, distributed.Client(cluster) as client:
        yield client


def invented(count: int) -> tuple[list[Piece], Recipe]:
    return [Piece(k, 0, f"piece-{k}") for k in range(count)], Recipe("none")


def deadly(batch: Batch, target: int) -> list[bytes]:
    """Draw nothing; on one target, die as a process out of memory does."""
    if target in [piece.target for piece in batch.pieces]:
        os.kill(os.getpid(), signal.SIGKILL)
    return [PNG] * len(batch.pieces)


def test_a_target_that_kills_its_worker_is_recorded_and_its_neighbors_are_drawn(tmp_path, client, monkeypatch):
    scheduler = client.cluster.scheduler
    assert scheduler.allowed_failures == 1, "a batch has a second worker to die of, before its pictures are tried alone"
    monkeypatch.setattr(scheduler, "allowed_failures", 0)  # here one is enough: each death costs seconds
    pieces, recipe = invented(6)
    report = render(pieces, recipe, tmp_path, batch=3, engine=on_dask(client), draw=functools.partial(deadly, target=4))
    assert report.drawn == 5 and report.failed == {"piece-4": "the worker died"}


def refuses(batch: Batch) -> list[bytes]:
    raise LookupError("nobody knows this network")


def test_a_fault_that_is_no_pictures_fault_stops_the_run(tmp_path, client):
    pieces, recipe = invented(4)
    with pytest.raises(LookupError, match="nobody knows this network"):
        render(pieces, recipe, tmp_path, engine=on_dask(client), draw=refuses)
    assert not list(tmp_path.glob("*.failed"))


def at_once(batch: Batch) -> list[bytes]:
    return [PNG] * len(batch.pieces)


def test_only_as_many_batches_fly_as_keep_the_workers_busy(tmp_path, client):
    pieces, recipe = invented(40)
    most = 0

    def watched(draw, batches):
        nonlocal most
        for done in on_dask(client)(draw, batches):
            most = max(most, len(client.futures))
            yield done

    report = render(pieces, recipe, tmp_path, batch=1, engine=watched, draw=at_once)
    assert report.drawn == 40 and most <= 2 * AHEAD


def test_a_worker_has_one_thread_and_its_own_gpu(client, monkeypatch):
    assert client.run(lambda: os.environ["OMP_NUM_THREADS"], nanny=False).popitem()[1] == "1"
    assert client.run(lambda: os.environ["MALLOC_TRIM_THRESHOLD_"]).popitem()[1] == KEEP["MALLOC_TRIM_THRESHOLD_"]
    from helpers.atlas.cluster import _environment

    def gpus() -> list[str]:
        return [_environment(i, "cuda")["CUDA_VISIBLE_DEVICES"] for i in range(2)]

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-8f3a")  # what we were given of a shared machine
    assert gpus() == ["2", "GPU-8f3a"]


def test_a_worker_leaves_ctrl_c_to_the_program(client):
    """A terminal sends it to them all."""
    assert client.run(lambda: signal.getsignal(signal.SIGINT), nanny=False).popitem()[1] is signal.SIG_IGN


def test_a_worker_has_its_whole_share_of_the_memory_and_is_not_put_to_sleep(client):
    """Dask's own share is the machine's by its cores, however few workers there are; and it pauses at 80 percent."""
    worker = client.scheduler_info()["workers"].popitem()[1]
    assert worker["memory_limit"] == distributed.system.MEMORY_LIMIT
    assert client.run(lambda dask_worker: dask_worker.memory_manager.memory_pause_fraction).popitem()[1] is False


def test_a_worker_that_dies_comes_back_however_long_it_takes():
    """Dask's cluster gives a worker up that is away for a while, and then waits for ever."""
    impatient = dask.config.set({"distributed.deploy.lost-worker-timeout": "0.1 s"})
    with impatient, local_cluster(1) as cluster, distributed.Client(cluster) as client:
        (process,) = client.run(os.getpid).values()
        os.kill(process, signal.SIGKILL)
        time.sleep(2)
        assert client.submit(os.getpid, pure=False).result(timeout=30) != process


def test_another_cluster_on_this_machine_is_no_matter(recwarn):
    """Dask's usual port may be taken: by a colleague's cluster, or by the chapter in another window."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # it is taken already
            taken.bind(("0.0.0.0", 8787))
            taken.listen()
        with local_cluster(1):
            pass
    assert not [warning for warning in recwarn if "Port" in str(warning.message)]


def test_no_worker_is_said_at_once():
    with pytest.raises(ValueError, match="no worker to draw with"):
        local_cluster(0)
