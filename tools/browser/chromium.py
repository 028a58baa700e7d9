"""Headless Chromium that reaches nothing but this machine, and a server of the built site for it."""

from __future__ import annotations

import functools
import http.server
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium with its chromedriver here (Debian: apt-get install chromium chromium-driver)"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what only works online is found out
)
SETTLED = """
const done = arguments[arguments.length - 1];
const pictures = [...document.images];
pictures.forEach(picture => { picture.loading = 'eager'; });
const shown = picture => new Promise(go => {
  picture.addEventListener('load', go); picture.addEventListener('error', go); });
const seen = pictures.map(picture => !picture.complete ? shown(picture)
  : picture.naturalWidth ? null : picture.decode().catch(() => null)); // "complete" may be one that has not begun
const formulas = window.MathJax && MathJax.startup && MathJax.startup.promise;
Promise.all([document.fonts.ready, formulas, ...seen]).then(() => done(true), problem => done(String(problem)));
"""


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine, or no chromedriver."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on the loopback, and give its address."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def open_chromium(profile: Path | str, *, patience: float = 60, **logs: str) -> Any:
    """Start headless Chromium with an empty folder as its profile; ``NoBrowser`` is raised if there is none.

    It has ``patience`` seconds for a page to load and a script to end, and keeps logs such as ``browser="ALL"``.
    """
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        raise NoBrowser(MISSING)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", logs)
    chromium = _started(lambda: webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)))
    chromium.set_page_load_timeout(patience)
    chromium.set_script_timeout(patience)
    return chromium


@contextmanager
def fresh_browser(**how: Any) -> Iterator[Any]:
    """Chromium with an empty profile, opened as ``open_chromium`` does, and closed at the end."""
    with tempfile.TemporaryDirectory() as profile:
        browser = open_chromium(profile, **how)
        try:
            yield browser
        finally:
            browser.quit()


def _started(start: Callable[[], Any], tries: int = 3) -> Any:
    """A browser; on a busy machine it may take longer to open than its driver waits, so it is tried again."""
    from selenium.common.exceptions import WebDriverException

    for left in reversed(range(tries)):
        try:
            return start()
        except WebDriverException:
            if not left:
                raise
            time.sleep(2)
