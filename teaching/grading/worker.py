"""Grading in parallel: each worker is a process with a server of its own; one that dies is replaced, the rest go on."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from multiprocessing.connection import Connection
from queue import SimpleQueue

from .grade import Workplace, grade, nothing
from .processes import READY
from .rows import Row
from .sandbox_files import THREADS
from .source import Assignment
from .submission import Submission


def work(orders: Connection, place: Workplace, number: int) -> None:
    """A worker's life: a submission in, a row out, until nothing comes."""
    import torch

    from . import overlay
    from .processes import Broken, Server

    torch.set_num_threads(1)
    server, own = Server(place.sandbox), replace(place, scratch=place.scratch / f"{number}")
    try:
        while True:
            submission, assignment = orders.recv()
            hidden = overlay.load(place.overlay, assignment.name)
            try:
                done = grade(submission, assignment, own, server, hidden)
            except Broken as error:
                done = nothing(submission, assignment, str(error))
            orders.send(asdict(done))
    except (EOFError, OSError, KeyboardInterrupt):
        pass
    finally:
        server.stop()


class Worker:
    """One worker, started when there is something to do."""

    def __init__(self, place: Workplace, number: int):
        self.place, self.number = place, number
        self.process: multiprocessing.Process | None = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.orders, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, self.place, self.number), daemon=False)
        self.process.start()
        theirs.close()

    def grade(self, submission: Submission, assignment: Assignment) -> Row:
        """Grade one submission; if the worker dies over it, or hangs, say so and give no points."""
        if self.process is None:
            self._start()
        settings = self.place.settings
        limit = 240 + READY + 2 * settings.timeout + settings.picture_limit
        try:
            self.orders.send((submission, assignment))
            if self.orders.poll(limit):
                return Row.from_data(self.orders.recv())
            why = f"the grader itself found no end after {limit:g} s"
        except (EOFError, OSError):
            why = "the grader's own worker ended over this submission"
        self.stop()
        return nothing(submission, assignment, why)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.orders.close()
            self.process.join(2)
            self.process.kill()
            self.process.join()
            self.process = None


def grade_all(
    work_list: Sequence[tuple[Submission, Assignment]], place: Workplace, jobs: int
) -> Iterator[tuple[Submission, Row]]:
    """Grade all, ``jobs`` at a time; each is given with its row as soon as it is done."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # with more, workers would wait for one another's cores
    workers = [Worker(place, number) for number in range(jobs)]
    idle = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def one(submission: Submission, assignment: Assignment) -> tuple[Submission, Row]:
        worker = idle.get()
        try:
            return submission, worker.grade(submission, assignment)
        finally:
            idle.put(worker)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for finished in as_completed([pool.submit(one, *item) for item in work_list]):
                    yield finished.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in workers:
                    if worker.process is not None:
                        worker.process.kill()
                raise
    finally:
        for worker in workers:
            worker.stop()
