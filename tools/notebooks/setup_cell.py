# The same first cell everywhere: find the book's helpers, or fetch them (on Colab).
import pathlib
import shutil
import subprocess
import sys

REPOSITORY = "ideal-pomeranian/ideal-pomeranian"
here = pathlib.Path.cwd()
clones = [here / name for name in (REPOSITORY.split("/")[1], "pomeranian")]
places = [here, *here.parents, *clones]
found = [place for place in places if (place / "helpers" / "ascent.py").exists()]
repository_root = found[0] if found else clones[0]
if not found:
    url = f"https://github.com/{REPOSITORY}"
    by_hand = f"unpack {url}/archive/refs/heads/main.zip here as {clones[0].name}"
    if not shutil.which("git"):
        raise RuntimeError(f"there is no git here: install it, or {by_hand}")
    clone = ["git", "clone", "--depth", "1", url, str(repository_root)]
    if subprocess.run(clone).returncode:
        raise RuntimeError(f"{url} cannot be fetched: is it there? Or {by_hand}")
sys.path.insert(0, str(repository_root))

import helpers

helpers.about()
