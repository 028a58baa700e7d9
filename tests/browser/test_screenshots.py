"""The photographer of pages sees what a reader sees who scrolls: everything once, in its place, loaded and opaque."""

from __future__ import annotations

import base64
import io

from PIL import Image

from tools.browser.chromium import served
from tools.browser.screenshots import SCREEN, cut, open_page, whole_page

BANDS, TALL = [(200, 30, 30), (30, 160, 30), (30, 30, 200), (160, 160, 30), (30, 160, 160)], 1100
PAGE = """<!doctype html><meta name="viewport" content="width=device-width"><title>Bands</title>
<style>html{{scroll-behavior:smooth}}body{{margin:0}}
header{{position:sticky;top:0;height:40px;background:#000;z-index:1}}
aside{{position:fixed;right:0;bottom:0;width:30px;height:30px;background:#fff;z-index:1}}
div{{height:{tall}px;position:relative;opacity:0;transition:opacity 4s}}div.here{{opacity:1}}
img{{position:absolute;left:100px;top:500px;width:60px;height:60px}}</style>
<header></header><aside></aside>{bands}
<script>addEventListener('load',()=>document.querySelectorAll('div').forEach(one=>one.className='here'))</script>"""


def band(color: tuple[int, int, int], picture: str) -> str:
    image = f'<img loading="lazy" decoding="async" alt="" src="data:image/png;base64,{picture}">'
    return f'<div style="background:rgb{color}">{image}</div>'


def test_a_tall_page_is_photographed_whole_and_nothing_twice(browser, tmp_path):
    memory = io.BytesIO()
    Image.new("RGB", (600, 600), (255, 0, 255)).save(memory, "PNG")
    picture = base64.b64encode(memory.getvalue()).decode()
    bands = "".join(band(color, picture) for color in BANDS)
    (tmp_path / "page.html").write_text(PAGE.format(tall=TALL, bands=bands))
    with served(tmp_path) as address:
        for size, width in (("phone", 390), ("desk", 1440)):
            open_page(browser, f"{address}/page.html", size)
            whole = whole_page(browser)
            assert whole.size == (width, 40 + TALL * len(BANDS))
            for k, color in enumerate(BANDS):
                top = 40 + TALL * k
                for x, y in ((5, top + 1), (width - 5, top + TALL - 2), (5, top + TALL // 2)):
                    assert whole.getpixel((x, y)) == color, f"{size}: band {k} is not at {x}, {y}"
                assert whole.getpixel((130, top + 530)) == (255, 0, 255), f"{size}: picture {k} is missing"
            colors = {color: count for count, color in whole.getcolors(1 << 20)}
            assert colors[0, 0, 0] == 40 * width, "a header that sticks is there once"
            assert colors[255, 255, 255] == 900, "what is fixed to the window is there once"
            assert whole.getpixel((width - 10, SCREEN - 10)) == (255, 255, 255)
    assert cut(whole, tmp_path / "page", 3000) == 2
    pieces = [Image.open(tmp_path / f"page-{k}.png") for k in (1, 2)]
    assert [piece.height for piece in pieces] == [3000, whole.height - 3000]
    assert pieces[1].tobytes() == whole.crop((0, 3000, *whole.size)).tobytes()
