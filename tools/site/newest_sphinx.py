"""Build the site with plain Sphinx and the newest of everything: the way out on the day that Jupyter Book 1 dies.

    python tools/site/newest_sphinx.py [--folder _build/newest]

Jupyter Book writes a `conf.py` once; from there on, only Sphinx and its extensions run, in an environment of their own
that borrows PyTorch and the rest from the book's. What is built is a copy: no `conf.py` is left beside the book.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("_config.yml", "_toc.yml", "book", "notebooks", "helpers", "tools", "benchmarks", "checks", "assignments")
NEWEST = ("sphinx", "docutils", "myst-nb", "myst-parser", "sphinx-book-theme", "pydata-sphinx-theme", "sphinx-design")
NEWEST += ("sphinx-togglebutton", "sphinx-copybutton", "sphinx-comments", "sphinx-external-toc", "sphinxcontrib-bibtex")
CONFIG = (
    "import sys; from jupyter_book.cli.main import main; sys.argv[1:] = ['config', 'sphinx', '.']; sys.exit(main())"
)


def environment(folder: Path) -> Path:
    """Make an environment with the newest of Sphinx before the book's own packages; return its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    library = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], text=True
    ).strip()
    (Path(library) / "zz_of_the_book.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--ignore-installed"]
    subprocess.run([python, *install, *NEWEST], check=True)
    return python


def copy_book(source: Path) -> None:
    """Copy what the site is built from."""
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".venv")
    for name in COPIED:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=ignored)
        elif place.is_file():
            shutil.copy2(place, source / name)


def main() -> int:
    """Copy, configure, build; return Sphinx's answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "newest")
    folder = parser.parse_args().folder.resolve()
    source, site = folder / "source", folder / "html"
    copy_book(source)
    paths = os.pathsep.join(map(str, (source, source / "tools")))
    settings = os.environ | {"PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", CONFIG], cwd=source, env=settings, check=True)
    python = environment(folder / "venv")
    versions = "import sphinx, myst_nb, sphinx_book_theme as b; print('Sphinx', sphinx.__version__, '· myst-nb', "
    subprocess.run([python, "-c", versions + "myst_nb.__version__, '· sphinx-book-theme', b.__version__)"], check=False)
    shutil.rmtree(site, ignore_errors=True)
    build = [python, "-m", "sphinx", "-b", "html", "-n", "-W", "--keep-going", "-q", ".", str(site)]
    answer = subprocess.run(build, cwd=source, env=settings).returncode
    print(f"Built: {site / 'index.html'}" if answer == 0 else "Not built without warnings: see above.")
    return answer


if __name__ == "__main__":
    sys.exit(main())
