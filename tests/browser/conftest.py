"""A server of the built site on the loopback, and a Chromium that reaches nothing else."""

from __future__ import annotations

import os

import pytest
from built_site import SITE

from tools.browser.chromium import NoBrowser, open_chromium, served


def give_up(reason: str):
    """Skip, or fail where a browser test is required (POMERANIAN_BROWSER=required, as in continuous integration)."""
    if os.environ.get("POMERANIAN_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def site():
    """The built site's folder."""
    if not (SITE / "index.html").is_file():
        give_up("the book is not built; run `make book`")
    return SITE


@pytest.fixture(scope="session")
def address(site):
    """The address at which the built site is served while the tests run."""
    with served(site) as address:
        yield address


def chromium_or_give_up(profile, **logs: str):
    """Start headless Chromium, where there is one."""
    try:
        return open_chromium(profile, **logs)
    except NoBrowser as problem:
        give_up(str(problem))


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Headless Chromium, its console kept."""
    chromium = chromium_or_give_up(tmp_path_factory.mktemp("profile"), browser="ALL")
    yield chromium
    chromium.quit()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Headless Chromium that writes down every request it makes, for the tests that read the list."""
    chromium = chromium_or_give_up(tmp_path_factory.mktemp("watched"), browser="ALL", performance="ALL")
    yield chromium
    chromium.quit()
