"""Judge the pictures that `tools/draw/atlas.py` drew, and bind them: a few sheets and one file of facts, for a page.

    python -m tools.draw.bind_atlas [--pictures _build/atlas] [--into book/_static/atlas]

It wants every class, drawn by the atlas's own recipe, and takes some minutes.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as F
from torchvision.utils import make_grid

from helpers import Network, load_network, second_opinion, visualize
from helpers.atlas.plan import Piece, Recipe, load_all, plan
from helpers.atlas.render import is_whole, what_happened
from helpers.basics.files import write_whole
from helpers.made_by import MadeBy
from tools.draw.atlas import ATLAS, PICTURES

ROOT = Path(__file__).resolve().parents[2]
JUDGES = ("efficientnet_lite0", "efficientnet_lite1")
SHEETS = {  # side of a picture, pictures across, pictures on a sheet, its name, quality of AVIF
    "tile": (96, 10, 100, "tiles-{}.avif", 60),
    "large": (ATLAS["size"], 5, 25, "large-{:02d}.avif", 45),
}
LIKE = 3  # look-alikes that are named
AT_ONCE = 25


def bind(pictures: Path, into: Path) -> dict:
    """Write the sheets and ``atlas.json``; returns the facts."""
    pieces, recipe = plan(None, device="cpu", **ATLAS)
    images, failed = gather(pictures, [piece.name for piece in pieces])
    artist, judges = load_all(recipe.network), [load_network(name) for name in JUDGES]
    logits = torch.cat([artist(some.to(artist.device)).float().cpu() for some in images.split(AT_ONCE)]).diagonal()
    opinions = [second_opinion(images, range(len(images)), judge) for judge in judges]
    likeness = alike(images, judges[0])
    facts = {
        "network": artist.title,
        "call": call(artist, recipe, pieces[0].seed),
        "recipe": f"style {recipe.style}, {recipe.steps} steps, {recipe.size} pixels, seed {pieces[0].seed}",
        "judges": [opinion.judge for opinion in opinions],
        "kin": kin(judges, artist.members),
        "agreement": {share: [round(getattr(one, share), 3) for one in opinions] for share in ("top1", "top5")},
        **{kind: dict(zip(("side", "across", "each"), made[:3], strict=True)) for kind, made in SHEETS.items()},
        "classes": entries(artist.classes, logits, opinions, likeness),
        "failed": failed,
        **happened(pictures, [piece for piece in pieces if piece.name not in failed], artist.classes),
    }
    for side, across, each, name, quality in SHEETS.values():
        for k, some in enumerate(images.split(each)):
            write_whole(into / name.format(k), sheet(some, side, across, quality))
    write_whole(into / "atlas.json", json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode())
    return facts


def call(artist: Network, recipe: Recipe, seed: int) -> str:
    """The line of Python that draws a class again, with ``{name!r}`` in place of its name."""
    how = dict(style=recipe.style, steps=recipe.steps, size=recipe.size, seed=seed)
    exact = dict(precision=None) if recipe.precision == "float32" else {}
    line = MadeBy(visualize, dict(target="name", network=artist.members, **how, **exact)).code
    return line.replace("'name'", "{name!r}", 1)


def kin(judges: Sequence[Network], artists: Sequence[Network]) -> dict[str, list[str]]:
    """From a judge's title to those of the artists that have its architecture, for each judge that has such kin."""
    found = {judge.title: [one.title for one in artists if type(one.core) is type(judge.core)] for judge in judges}
    return {judge: relatives for judge, relatives in found.items() if relatives}


def happened(pictures: Path, pieces: Sequence[Piece], names: Sequence[str]) -> dict[str, int | list[str]]:
    """How many pictures were begun again, and the classes of those that never took off, as their files say."""
    found = [what_happened(pictures / f"{piece.name}.png") for piece in pieces]
    grounded = [names[piece.target] for piece, (_, lost) in zip(pieces, found, strict=True) if lost]
    return {"restarted": sum(again for again, _ in found), "grounded": grounded}


def gather(pictures: Path, names: Sequence[str]) -> tuple[Tensor, list[str]]:
    """The pictures, (B, 3, H, W) in [0, 1], gray where one could not be drawn, and the names of those.

    Raises:
        FileNotFoundError: some are missing that nobody gave up.
    """
    lost = [name for name in names if not is_whole(pictures / f"{name}.png")]
    failed = [name for name in lost if (pictures / f"{name}.failed").exists()]
    if missing := sorted(set(lost) - set(failed)):
        raise FileNotFoundError(f"{len(missing)} of {len(names)} are not drawn yet, such as {missing[0]}: draw them")
    found = {name: pixels(pictures / f"{name}.png") for name in names if name not in failed}
    gray = torch.full_like(next(iter(found.values())), 128)
    return torch.stack([found.get(name, gray) for name in names]).float() / 255, failed


def pixels(path: Path) -> Tensor:
    """A picture file as (3, H, W) uint8."""
    return F.pil_to_tensor(Image.open(path).convert("RGB"))


def entries(names: Sequence[str], logits: Tensor, opinions: Sequence, likeness: Tensor) -> list[dict]:
    """What the page says about each class."""
    place = {c: k for k, c in enumerate(walk(1 - likeness.numpy()))}
    others = likeness - 2 * torch.eye(len(likeness))
    return [
        {
            "name": name,
            "logit": round(logits[i].item(), 1),
            "ranks": [int(one.rank[i]) for one in opinions],
            "beliefs": [rounded(one.probability[i].item()) for one in opinions],
            "guess": [one.top[i][0][0] for one in opinions],
            "guess_probability": [rounded(one.top[i][0][1]) for one in opinions],
            "order": place[i],
            "nearest": others[i].topk(min(LIKE, len(others) - 1)).indices.tolist(),
        }
        for i, name in enumerate(names)
    ]


def rounded(p: float) -> float:
    """A probability to three digits."""
    return float(f"{p:.3g}")


@torch.no_grad()
def alike(images: Tensor, judge) -> Tensor:
    """How much each two pictures look alike, (B, B): the cosine between what a judge's last layer makes of them."""
    found = [judge.activations(some, ["head"])["head"].mean(dim=(2, 3)) for some in images.split(AT_ONCE)]
    features = torch.cat(found).cpu()
    features = torch.nn.functional.normalize(features - features.mean(dim=0), dim=1)
    return features @ features.T


def walk(distances: np.ndarray) -> list[int]:
    """An order (N,) in which neighbors are close, from distances (N, N): to the nearest that is left, then 2-opt."""
    count = len(distances)
    order, left = [0], set(range(1, count))
    while left:
        near = min(left, key=lambda k: distances[order[-1], k])
        order.append(near)
        left.remove(near)
    path, better = np.array(order), True
    while better:
        better = False
        for i in range(count - 2):
            a, b = path[i], path[i + 1]
            ends, after = path[i + 2 :], np.append(path[i + 3 :], -1)
            beyond = np.where(after >= 0, distances[b, after] - distances[ends, after], 0)
            gain = distances[a, ends] + beyond - distances[a, b]
            if gain.min() < -1e-9:
                j = i + 2 + int(gain.argmin())
                path[i + 1 : j + 1] = path[i + 1 : j + 1][::-1]
                better = True
    return path.tolist()


def sheet(images: Tensor, side: int, across: int, quality: int) -> bytes:
    """Pictures (B, 3, H, W) side by side, as one AVIF file."""
    small = F.resize(images, [side, side], antialias=True).clamp(0, 1)
    whole = make_grid(small, across, padding=0, pad_value=0.5)
    memory = io.BytesIO()
    F.to_pil_image(whole).save(memory, "AVIF", quality=quality, speed=4)
    return memory.getvalue()


def main() -> None:
    """Bind the atlas, and say what it weighs and what the judges think."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    parser.add_argument("--into", type=Path, default=ROOT / "book" / "_static" / "atlas")
    asked = parser.parse_args()
    try:
        facts = bind(asked.pictures, asked.into)
    except (OSError, RuntimeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    weight = sum(path.stat().st_size for path in asked.into.iterdir())
    print(f"{len(facts['classes'])} classes in {asked.into}, {weight / 1e6:.1f} MB; {facts['agreement']}")


if __name__ == "__main__":
    main()
