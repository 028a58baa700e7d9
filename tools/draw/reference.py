"""Run the lines of ``reference_lines.yml`` and store the picture that each makes, for the reference page of helpers.

    python -m tools.draw.reference              all of them: about three minutes on one core
    python -m tools.draw.reference blur zoom    these

What a function shows in a page is photographed by Chromium, in light and in dark.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
import time
from functools import cache
from typing import Any

import torch
from PIL import Image

import helpers
from helpers.show.pictures import as_images, picture, saved
from tools.browser.chromium import SETTLED, fresh_browser
from tools.site.reference import FOLDER, lines

SEED = 31  # one at which what is random is neither next to nothing nor at its limit
MADE = FOLDER / "pictures.json"
SIDE, PAIR, FILM, GAP = 176, 152, 112, 8  # pixels: one picture, one of two or three, one of four; between them
SHARP = 1.5  # pixels of a photographed page to each that it is shown at: it has words in it
PAGE, STILL = 420, 440  # pixels: how wide a page is photographed, and how wide the photograph may be
INK = {"light": "#1b1b1e", "dark": "#e8e6e3"}  # the color of words


def names() -> dict[str, Any]:
    """Return what the lines may name: all of helpers, two photographs, three networks, and what is made of them."""
    known = {name: getattr(helpers, name) for name in helpers.__all__} | {"torch": torch}
    known |= {"photo": helpers.load_photo("chelsea", 160), "coffee": helpers.load_photo("coffee", 160)}
    known["network"] = helpers.load_network("squeezenet1_1")
    known["vgg"] = helpers.load_network("vgg16", classifier=False)
    known["lite"] = helpers.load_network("efficientnet_lite0")
    known["x"] = helpers.maximal_class_input("Pomeranian", 40, network=known["network"], size=96).raw
    known["result"] = helpers.visualize("Pomeranian", known["network"], size=160, steps=64, frames=4)
    known["figure"], panel = helpers.new_figure(height=2.6)
    panel.plot(torch.linspace(0, 6.283, 100).sin())
    return known


def run(code: str, known: dict[str, Any]) -> Any:
    """Run one line, the random numbers started anew."""
    known["torch"].manual_seed(SEED)
    return eval(code, dict(known))  # the lines are ours


def tensor(image: Any) -> Any:
    """What was made, as images (B, 3, H, W) in [0, 1]: cut off, as a screen does."""
    image = getattr(image, "images", image)
    image = image if image.is_floating_point() else image.float() / 255
    return image.detach().clamp(0, 1).reshape(-1, *image.shape[-3:])


def row(images: list[Any]) -> Image.Image:
    """Lay pictures side by side, with nothing but a gap between them: one, a pair, or the frames of a film."""
    found = [picture(image) for one in images for image in as_images(tensor(one))]
    side = {1: SIDE, 2: PAIR, 3: PAIR}.get(len(found), FILM)
    sheet = Image.new("RGBA", (len(found) * (side + GAP) - GAP, side))
    for k, one in enumerate(found):
        smooth = Image.Resampling.LANCZOS if one.width > 64 else Image.Resampling.NEAREST
        sheet.paste(one.resize((side, side), smooth), (k * (side + GAP), 0))
    return sheet


def photographs(page: str, width: int, browser: Any) -> dict[str, Image.Image]:
    """Show a page's piece of HTML, so wide, and return it as it looks in light and in dark, without a ground."""
    made, box = {}, None
    size = {"width": width, "height": 600, "deviceScaleFactor": SHARP, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", {"color": {"r": 0, "g": 0, "b": 0, "a": 0}})
    for theme, ink in INK.items():
        look = f"html{{color-scheme:{theme}}}body{{color:{ink};font:15px sans-serif;margin:0}}"
        look += "#shown{display:flow-root}"
        text = f"<!doctype html><meta charset=utf-8><style>{look}</style><div id=shown>{page}</div>"
        browser.get("data:text/html;base64," + base64.b64encode(text.encode()).decode())
        browser.execute_async_script(SETTLED)
        height = browser.execute_script("return document.getElementById('shown').offsetHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGBA")
        box = box or image.getbbox()
        image = image.crop(box)
        image.thumbnail((round(SHARP * STILL),) * 2, Image.Resampling.LANCZOS)
        made[theme] = image
    return made


def pictures(line: dict[str, Any], known: dict[str, Any], browser: Any) -> dict[str, Image.Image]:
    """Run a line and return its picture; or two, for light and dark pages, if it is made of HTML."""
    shown = run(line["code"], known)
    if hasattr(shown, "_repr_html_"):
        return photographs(shown._repr_html_(), line.get("wide", PAGE), browser())
    before = [run(line["before"], known)] if "before" in line else []
    return {"": row([*before, *(shown if isinstance(shown, list) else [shown])])}


def store(name: str, made: dict[str, Image.Image]) -> dict[str, Any]:
    """Write a line's pictures as WebP, and return their files and their size."""
    files = {}
    for theme, image in made.items():
        files[theme] = f"{name}{'-' if theme else ''}{theme}.webp"
        quality = 56 if theme else 76  # denser pixels forgive more
        (FOLDER / files[theme]).write_bytes(saved(image, format="WEBP", quality=quality, alpha_quality=80, method=6))
    share = 1 if "" in made else SHARP
    return {"files": files, "width": round(image.width / share), "height": round(image.height / share)}


def record(name: str, made: dict[str, Any]) -> None:
    """Add a picture to the list of what was made, in the order of the lines, and remove files that it does not name."""
    listed = json.loads(MADE.read_text(encoding="utf-8")) if MADE.is_file() else {}
    listed[name] = made
    listed = {name: listed[name] for name in lines() if name in listed}
    MADE.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    kept = {file for one in listed.values() for file in one["files"].values()}
    for path in FOLDER.glob("*.webp"):
        if path.name not in kept:
            path.unlink()


def main(wanted: list[str]) -> int:
    """Draw the pictures that are asked for, all if none are; return 0."""
    os.environ["POMERANIAN_QUIET"] = "1"
    everything, known = lines(), names()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        browser = cache(lambda: stack.enter_context(fresh_browser()))  # opened where the first page is shown
        for name in wanted or everything:
            begun = time.monotonic()
            record(name, {"code": everything[name]["code"]} | store(name, pictures(everything[name], known, browser)))
            print(f"{name}: {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{sum(path.stat().st_size for path in FOLDER.iterdir()) / 1000:.0f} kB in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
