"""Which requests a page makes, as Chromium itself writes them down."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """A request: its address, what it was for (Script, Image, ...), and the bytes of its answer once decoded."""

    url: str
    kind: str
    size: int


def forget(browser) -> None:
    """Leave the page, empty the cache and the log: what comes after belongs to the next page."""
    browser.get("about:blank")
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get_log("performance")


def requests_made(browser) -> list[Request]:
    """List the requests since `forget` or the last call, those kept inside a page (``data:``, ``blob:``) left out."""
    sent, kinds, sizes = {}, {}, {}
    for entry in browser.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        about = event.get("params", {})
        key = about.get("requestId")
        if event["method"] == "Network.requestWillBeSent":
            sent[key], kinds[key] = about["request"]["url"], about.get("type", "Other")
        elif event["method"] == "Network.dataReceived":
            sizes[key] = sizes.get(key, 0) + about["dataLength"]
    inside = ("data:", "blob:", "about:", "chrome:", "chrome-extension:", "devtools:")
    return [Request(url, kinds[key], sizes.get(key, 0)) for key, url in sent.items() if not url.startswith(inside)]
