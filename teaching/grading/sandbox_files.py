"""The folder that a student's process finds instead of the repository: helpers and probes, and nothing to copy from."""

from __future__ import annotations

import os
import shutil
import site
import sys
import sysconfig
from pathlib import Path

from helpers.networks.download import cache
from teaching.release import ROOT

from .overlay import PROBES

CHECKS = ("core.py", "compare.py", "probing.py", "serialize.py")  # and probes/; no verdicts, no lists of checks
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SWITCHED_ON = ("POMERANIAN_FAST", "POMERANIAN_QUIET", "TQDM_DISABLE", "PYTHONDONTWRITEBYTECODE")
SEEN = ("*.py", "*.css", "*.js", "*.mplstyle")


def build(place: Path, overlay: Path | None) -> Path:
    """Fill an empty folder with what notebooks need; return it."""
    for folder in [ROOT / "helpers", *(path for path in (ROOT / "helpers").iterdir() if path.is_dir())]:
        copy(folder, place / folder.relative_to(ROOT))
    source, checks = ROOT / "teaching" / "checks", place / "teaching" / "checks"
    copy(source / "probes", checks / "probes")
    for name in CHECKS:
        shutil.copyfile(source / name, checks / name)
    (checks.parent / "__init__.py").touch()
    inside = Path(__file__).resolve().parent / "inside"
    copy(inside, place / "inside")
    shutil.copyfile(inside / "stand_in.py", checks / "__init__.py")
    if overlay is not None and (overlay / "probes").is_dir():
        copy(overlay / "probes", place / PROBES)
        (place / PROBES / "__init__.py").touch()
    (place / "settings").mkdir()
    return place


def copy(source: Path, target: Path) -> None:
    """Copy the source files of one folder."""
    target.mkdir(parents=True)
    for pattern in SEEN:
        for path in source.glob(pattern):
            shutil.copyfile(path, target / path.name)


def packages() -> list[str]:
    """The folders in which Python finds its packages."""
    paths = sysconfig.get_paths()
    found = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    with_user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return sorted({path for path in (*found, *with_user) if Path(path).is_dir()})


def readable(sandbox: Path) -> list[str]:
    """All that a student's process may read besides the system's libraries: Python, this folder, the weights."""
    places = [*packages(), str(sandbox), str(cache())]
    for prefix in {sys.prefix, sys.base_prefix}:
        places += [f"{prefix}/lib", f"{prefix}/pyvenv.cfg", f"{prefix}/share"]
    return sorted({place for place in places if os.path.exists(place)})


def exposed(sandbox: Path) -> list[str]:
    """Readable places that hold the repository, against all intentions."""
    return [place for place in readable(sandbox) if ROOT.is_relative_to(Path(place).resolve())]


def environment(sandbox: Path, scratch: Path) -> dict[str, str]:
    """The environment of a student's process, in which nothing of the teacher's is left."""
    return {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        "TORCH_HOME": str(cache().parent.parent),
        "MPLCONFIGDIR": str(scratch if scratch != sandbox else sandbox / "settings"),
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "",
        **dict.fromkeys((*THREADS, *SWITCHED_ON), "1"),
    }
