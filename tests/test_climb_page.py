"""The page *Climb* as it is built: its modules find one another, its form names settings that there are."""

from __future__ import annotations

import re

from tools.site.climb_page import PARTS, SHELL, climb_html, place_engine


def test_every_module_finds_what_it_imports(tmp_path):
    place_engine(tmp_path)
    live = tmp_path / "_static" / "live"
    modules = {path.name: path.read_text(encoding="utf-8") for path in live.glob("*.js")}
    assert {"page.js", "worker.js", "classes.js", "ascent.js"} <= set(modules)
    assert (live / "chelsea.jpg").stat().st_size > 10_000
    for name, source in modules.items():
        for imported, module in re.findall(r"import \{([^}]*)\} from '\./([^']+)'", source):
            assert module in modules, f"{name} imports {module}, which is not there"
            for one in filter(None, (part.strip() for part in imported.split(","))):
                exported = rf"export (async )?(function|class|const) {one}\b"
                assert re.search(exported, modules[module]), f"{name} imports {one}, which {module} does not export"


def test_the_form_names_settings_that_there_are():
    settings = re.search(r"const PLAIN = \{(.*?)\};", (PARTS / "recipes.js").read_text(encoding="utf-8"), re.DOTALL)[1]
    known = set(re.findall(r"(\w+):", settings)) | {"steps"}
    shell = SHELL.read_text(encoding="utf-8")
    asked = set(re.findall(r'data-key="(\w+)"', shell))
    assert asked and asked <= known, asked - known


def test_the_page_holds_all_that_its_script_looks_for():
    page = climb_html("../")
    sources = [(PARTS / f"{name}.js").read_text(encoding="utf-8") for name in ("page", "form", "stage", "photo")]
    for part in set(re.findall(r"part\('(\w+)'\)", "\n".join(sources))):
        assert re.search(rf'class="[^"]*climb-{part}\b', page), f"no element has the class climb-{part}"
    assert page.count("<script") == page.count("</script>") == 1
    assert "{root}" not in page and "{live}" not in page
