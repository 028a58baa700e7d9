"""JupyterLab or Notebook 7 on the loopback, with this Python as the kernel, and a notebook in it as a reader has it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from built_site import resize

from tools.notebooks.rename import ROOT, repository_files

PATIENCE = 300  # seconds, on a machine that does other things
PLACES = {"jupyterlab": "lab/tree", "notebook": "notebooks"}  # the module, and where it opens files
EXPOSED = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}
READY = """
return Boolean(panel?.context?.isReady && panel.context.path === given[0] && panel.sessionContext.isReady
  && panel.sessionContext.session?.kernel?.status === 'idle' && panel.model.getMetadata('language_info')
  && panel.content.widgets.every(cell => cell.isAttached && !cell.isPlaceholder()));
"""
CELLS = """
return panel.content.widgets.map(cell => ({
  kind: cell.model.type, source: cell.model.sharedModel.getSource(), count: cell.model.executionCount,
  outputs: [...cell.node.querySelectorAll('.jp-OutputArea-output')].map(output => ({
    text: output.textContent, kind: output.dataset.mimeType,
    pictures: [...output.querySelectorAll('img')].map(picture => picture.naturalWidth),
    controls: output.querySelectorAll('button, input, select, textarea, svg').length })) }));
"""


def clone(folder: Path) -> Callable[..., str]:
    """The book as it lies here, committed in a repository of its own; returns that repository's git."""

    def git(*words: str) -> str:
        who = ("-c", "user.name=reader", "-c", "user.email=reader@example.org")
        return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout

    for path in repository_files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "The book")
    return git


@contextmanager
def jupyter(app: str, book: Path, home: Path, **environment: str) -> Iterator[str]:
    """Serve a clone, with a home in which nothing is trusted, and give the address at which it opens files."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    places = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
        f"{EXPOSED[app]}.expose_app_in_browser": True,
    }
    command = [sys.executable, "-m", app, *(f"--{name}={value}" for name, value in options.items())]
    home.mkdir(exist_ok=True)
    with (home / "log").open("w") as log:
        variables = {**os.environ, **places, **environment}
        server = subprocess.Popen(command, cwd=book, env=variables, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: server.poll() is not None or answers(f"{address}/api/status"), "the server does not answer")
        assert server.poll() is None, (home / "log").read_text()[-2000:]
        yield f"{address}/{PLACES[app]}"
    finally:
        server.terminate()
        server.wait(60)


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def until(condition: Callable[[], Any], otherwise: str) -> Any:
    """Wait for something to be so, and return it."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.2)
    return found


class Page:
    """A notebook that is open in JupyterLab or Notebook 7.

    Args:
        browser: Chromium.
        address: of the server, where it opens files.
    """

    def __init__(self, browser: Any, address: str):
        self.browser, self.address = browser, address

    def open(self, path: str) -> None:
        """Open a notebook, and wait for its kernel and for all of its cells."""
        resize(self.browser, "desk")
        self.browser.get("about:blank")
        self.browser.get(f"{self.address}/{path}")
        until(lambda: self.js(READY, path), f"{path} does not open")

    def js(self, body: str, *given: Any) -> Any:
        """What the body of a function returns in the page, which knows ``app``, ``panel`` and what is ``given``."""
        script = f"""
        const given = [...arguments], done = given.pop(), app = window.jupyterapp, panel = app?.shell.currentWidget;
        (async () => {{ {body} }})().then(value => done({{value}}), error => done({{error: String(error)}}));
        """
        said = self.browser.execute_async_script(script, *given)
        assert "error" not in said, said["error"]
        return said.get("value")

    def do(self, command: str) -> None:
        """Run a command of Jupyter's to its end."""
        self.js("await app.commands.execute(given[0])", command)

    def cells(self) -> list[dict]:
        """The cells as they are seen: kind, source, count, and of each output its text, pictures and controls."""
        return self.js(CELLS)

    def outputs(self) -> list[dict]:
        return [output for cell in self.cells() for output in cell["outputs"]]

    def text(self) -> str:
        return "\n".join(output["text"] for output in self.outputs())

    def controls(self) -> int:
        return sum(output["controls"] for output in self.outputs())

    def click(self, selector: str) -> None:
        until(lambda: self.browser.find_elements("css selector", selector), f"no {selector}")[0].click()

    def trust(self) -> None:
        """Trust the notebook, as the dialog asks."""
        self.js("app.commands.execute('notebook:trust')")
        self.click(".jp-Dialog .jp-mod-accept")

    def start(self, *numbers: int) -> None:
        """Run these cells, or all, and do not wait."""
        self.js(
            """
            const run = given[0].length ? 'notebook:run-cell' : 'notebook:run-all-cells';
            if (given[0].length) {
              panel.content.deselectAll(); panel.content.activeCellIndex = given[0][0]; }
            window.running = app.commands.execute(run).finally(() => { window.running = null; });
            """,
            list(numbers),
        )

    def wait(self) -> None:
        """Until what was started has ended."""
        ended = "return window.running === null && panel.sessionContext.session.kernel.status === 'idle'"
        until(lambda: self.js(ended), "the cells do not end")

    def run(self, *numbers: int) -> None:
        """Run these cells one after another, or all, to their end."""
        for some in [[number] for number in numbers] or [[]]:
            self.start(*some)
            self.wait()

    def add(self, source: str) -> int:
        """Write a new cell at the end; returns its number."""
        return self.js(
            """
            const cell = {cell_type: 'code', source: given[0], metadata: {}, outputs: []};
            panel.model.sharedModel.addCell(cell);
            return panel.content.widgets.length - 1;
            """,
            source,
        )

    def save(self) -> None:
        self.do("docmanager:save")

    def close(self) -> None:
        """Shut its kernel down."""
        self.js("await panel.sessionContext.shutdown()")
        self.browser.get("about:blank")

    def photograph(self, path: Path, number: int = 0) -> None:
        """Take a picture of the window, with this cell in its middle."""
        self.js("panel.content.widgets[given[0]].node.scrollIntoView({block: 'center'})", number)
        self.browser.save_screenshot(str(path))
