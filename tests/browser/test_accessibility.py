"""axe-core sees what is wrong; and nothing is, on any page, in whatever size and theme it is opened."""

from __future__ import annotations

import pytest
from axe import DRAWN, violations
from built_site import PAGES, in_theme
from test_pages import look, show

WAYS = [(size, theme) for size in ("desk", "phone") for theme in ("light", "dark")]


@pytest.mark.slow
@pytest.mark.parametrize("size, theme", WAYS)
@pytest.mark.parametrize("page", PAGES)
def test_nothing_serious(browser, address, page, size, theme):
    in_theme(browser, address, theme)
    try:
        show(browser, f"{address}/{page}", size)
        look(browser, theme)
        found = violations(browser, None if (size, theme) == WAYS[0] else DRAWN)
        assert not found, f"{len(found)} found:\n" + "\n".join(found[:12])
    finally:
        browser.execute_script("localStorage.clear()")


def test_axe_sees_what_is_wrong(browser, address):
    show(browser, f"{address}/{PAGES[0]}", "desk")
    browser.execute_script("""
        document.querySelector('article').insertAdjacentHTML('afterbegin',
          '<p style="color:#aaa;background:#fff">pale</p><img src="../_static/logo.svg">');
    """)
    found = violations(browser)
    assert any("color-contrast" in one for one in found)
    assert any("image-alt" in one for one in found)
