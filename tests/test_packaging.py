"""What `pip install` brings to a notebook anywhere: every module of `helpers`, its data, and what it imports."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HELPERS = ROOT / "helpers"
FILES = sorted(path for path in HELPERS.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads pyproject.toml")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CALLED = {"PIL": "pillow", "skimage": "scikit-image", "imageio_ffmpeg": "imageio-ffmpeg", "IPython": "ipykernel"}
ASKED_FOR = {"cloudpickle", "dask", "distributed", "yaml"}  # for a cluster, and for recipes in files


def test_a_wheel_has_every_file(tmp_path):
    pytest.importorskip("setuptools")
    for name in ("pyproject.toml", "LICENSE", "LICENSE-text"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(HELPERS, tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('made')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "made").glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == {path.relative_to(ROOT).as_posix() for path in FILES}


def imported() -> set[str]:
    """What `helpers` imports from outside of it and of Python, anywhere."""
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.suffix == ".py" else ():
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"helpers"}


def test_what_is_imported_is_required():
    wanted = [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]
    named = {re.split(r"[<>=]", line)[0].lower() for line in wanted}
    missing = {name for name in imported() - ASKED_FOR if CALLED.get(name, name).lower() not in named}
    assert not missing, f"pyproject.toml requires nothing that brings {missing}"
