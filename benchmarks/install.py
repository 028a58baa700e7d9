"""Make the environment in which the peers run: the project's own torch, and beside it the other libraries.

    python benchmarks/install.py

Nothing that the project has is downloaded again or replaced. A ``.pth`` file lends the project's packages to
``benchmarks/.venv``; the peers are installed into it with ``--no-deps``, and ``requirements.txt`` pins them.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / ".venv"


def main() -> None:
    """Make ``benchmarks/.venv`` with the Python that runs this, and fill it."""
    builder = venv.EnvBuilder(clear=True, with_pip=False, symlinks=sys.platform != "win32")
    builder.create(TARGET)
    python = TARGET / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    lend(python)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*command, "install", "--quiet", "--no-deps", "-r", str(HERE / "requirements.txt")], check=True)
    print(f"The peers are in {TARGET.relative_to(HERE.parent)}, and use this project's torch.")


def lend(python: Path) -> None:
    """Let the new environment see the packages of the one that runs this, after its own."""
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([str(python), "-c", script], check=True, capture_output=True, text=True)
    theirs = Path(told.stdout.strip())
    ours = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (theirs / "project.pth").write_text("\n".join(ours) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
