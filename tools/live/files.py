"""Make what the page *Climb* fetches, in ``_static/live`` of the built site: graphs, their runtime, ``live.json``.

Nothing of it is in the repository. What was made once is kept beside the site and made again only if what it comes
from has changed; what cannot be had is left out, said in one line, and said in ``live.json`` for the page to say.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .runtime import BUILDS, VERSION, RuntimeUnavailable, hash_of, place_runtime

ROOT = Path(__file__).resolve().parents[2]
MADE, SITE = ROOT / "_build" / "live", ROOT / "_build" / "html" / "_static" / "live"
SOURCES = ("tools/live", "helpers")  # a change here may change a graph


@dataclass(frozen=True)
class Kind:
    """A graph to be made: of which network, up to which layer, for climbing or for judging."""

    network: str
    last: str = ""  # a layer; the whole network if none is named
    half: bool = False
    forward: bool = False


GRAPHS = {  # of VGG16 three, the shallowest first: a step up to conv3_3 takes five times as long as one up to conv1_2
    "squeezenet1_1": Kind("squeezenet1_1"),
    "vgg16_conv1_2": Kind("vgg16", last="conv1_2", half=True),
    "vgg16_conv2_2": Kind("vgg16", last="conv2_2", half=True),
    "vgg16_conv3_3": Kind("vgg16", last="conv3_3", half=True),
    "efficientnet_lite0": Kind("efficientnet_lite0", half=True, forward=True),
}


@cache
def load(name: str, classifier: bool):
    """A network of the book; once, though several graphs are made of it."""
    from helpers import load_network

    return load_network(name, classifier=classifier, device="cpu")


def make(kind: Kind) -> tuple[bytes, dict]:
    """A graph's file, and what ``live.json`` says of it."""
    from .differentiate import ascent_graph, forward_graph

    network = load(kind.network, classifier=not kind.last)
    about = {
        "network": kind.network,
        "title": network.title,
        "classes": [] if kind.last else network.classes,
        "mean": network.mean.flatten().tolist(),
        "std": network.std.flatten().tolist(),
    }
    if kind.forward:
        return forward_graph(network, half=kind.half).SerializeToString(), about | {"size": 224}
    layers = climbable(network, kind.last)
    about["layers"] = {name: network.channels(name) for name in layers}
    return ascent_graph(network, layers, logits=not kind.last, half=kind.half).SerializeToString(), about


def climbable(network, last: str = "") -> dict[str, str]:
    """The layers that may be wanted, by the book's names, with their paths: convolutions and fire modules.

    The network is SqueezeNet or VGG16; they end with ``last``, if one is named.
    """
    layers = {name: path for name, path in network.layers.items() if name.startswith(("conv", "fire"))}
    names = list(layers)
    return {name: layers[name] for name in names[: names.index(last) + 1 if last else None]}


def recipe_of(kind: Kind) -> str:
    """A hash of everything a graph is made from, as far as it can change here: the code, the libraries, the kind."""
    digest = hashlib.sha256(repr((kind, version("torch"), version("onnx"))).encode())
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(name: str, kind: Kind, folder: Path) -> dict:
    """What ``live.json`` says of a graph, after making it unless it was made before."""
    from helpers.basics.files import write_whole

    graph, about = folder / f"{name}.onnx", folder / f"{name}.json"
    recipe = recipe_of(kind)
    known = json.loads(about.read_text(encoding="utf-8")) if about.is_file() and graph.is_file() else {}
    if known.get("recipe") != recipe or known["sha256"] != hash_of(graph):
        data, known = make(kind)
        graph.write_bytes(data)
        known |= {"file": graph.name, "bytes": len(data), "sha256": hash_of(graph), "recipe": recipe}
        write_whole(about, json.dumps(known).encode())
    return {key: value for key, value in known.items() if key != "recipe"}


def main(made: Path = MADE, site: Path = SITE) -> int:
    """Make what can be made and copy it into the site; say what is missing, which does not fail the build."""
    from helpers import WeightsCorrupt, WeightsUnavailable

    made.mkdir(parents=True, exist_ok=True)
    live = {"networks": {}, "missing": {}}
    files = []
    for name, kind in GRAPHS.items():
        try:
            live["networks"][name] = kept(name, kind, made)
            files.append(f"{name}.onnx")
        except (WeightsUnavailable, WeightsCorrupt) as error:
            live["missing"][name] = str(error)
    try:
        place_runtime(made / "onnxruntime")
        live["runtime"] = {"version": VERSION, "folder": "onnxruntime", "builds": BUILDS}
        files += [f"onnxruntime/{name}" for build in BUILDS.values() for name in build]
    except RuntimeUnavailable as error:
        live["missing"]["runtime"] = str(error)
    for name in files:
        copy(made / name, site / name)
    site.mkdir(parents=True, exist_ok=True)
    (site / "live.json").write_text(json.dumps(live), encoding="utf-8")
    for what, why in live["missing"].items():
        print(f"Climb goes without its {what}: {why}. `make book` tries again.", file=sys.stderr)
    return 0


def copy(source: Path, target: Path) -> None:
    """Copy a file unless its like is there."""
    if not target.is_file() or target.stat().st_mtime_ns != source.stat().st_mtime_ns:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


if __name__ == "__main__":
    sys.exit(main())
