"""The atlas that is stored, and how it was bound (chapter 9)."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from helpers import load_atlas, load_network, plan
from helpers.atlas.plan import RESTARTS, TOOK_OFF, Piece, load_all
from helpers.atlas.stored import STORED
from tools.draw import bind_atlas
from tools.draw.atlas import ALONE, ATLAS, channels, parse, targets

SMALL = 8 * 2**20  # bytes of all that is stored


@pytest.fixture(scope="module")
def atlas():
    return load_atlas()


def test_all_classes_are_there_and_weigh_little(atlas):
    assert [entry.name for entry in atlas.entries] == load_network(ALONE).classes
    assert sum(path.stat().st_size for path in STORED.iterdir()) < SMALL
    assert json.loads((STORED / "atlas.json").read_text("utf-8"))["failed"] == []


def test_the_stored_atlas_is_the_one_that_the_command_line_draws(atlas):
    artist = load_all(ATLAS["network"])
    assert atlas.network == artist.title and atlas.sheets["large"]["side"] == ATLAS["size"]
    pieces, recipe = plan([259], **ATLAS)
    assert atlas.call == bind_atlas.call(artist, recipe, pieces[0].seed)
    assert atlas.kin == bind_atlas.kin([load_network(judge) for judge in bind_atlas.JUDGES], artist.members)
    assert atlas.restarted >= len(atlas.grounded)


def test_what_the_page_says_of_the_judges_follows_from_its_classes(atlas):
    facts = json.loads((STORED / "atlas.json").read_text("utf-8"))
    for place, share in ((1, "top1"), (5, "top5")):
        counted = [sum(entry.ranks[j] <= place for entry in atlas.entries) / 1000 for j in range(2)]
        assert facts["agreement"][share] == pytest.approx(counted, abs=6e-4)
    for entry in atlas.entries:
        for rank, guess in zip(entry.ranks, entry.guess, strict=True):
            assert (rank == 1) == (guess == entry.name)


def test_the_walk_visits_every_class_once_and_neighbors_are_closer_than_chance(atlas):
    order = sorted(range(1000), key=lambda c: atlas[c].order)
    assert sorted(entry.order for entry in atlas.entries) == list(range(1000))
    beside = sum(order[k + 1] in atlas[order[k]].nearest for k in range(999)) / 999
    assert beside > 0.3  # by chance 3 in 999


def test_a_class_is_found_by_name_and_by_part_of_it(atlas):
    assert atlas["pomeranian"].index == 259 and atlas[259].name == "Pomeranian"
    wolves = [entry.index for entry in atlas.entries if "wolf" in entry.name.lower()]
    assert wolves and [entry.index for entry in atlas.search("WOLF")] == wolves
    with pytest.raises(LookupError, match="did you mean 'Pomeranian'"):
        atlas["pomeranean"]
    assert atlas.code(259).startswith("visualize('Pomeranian', [load_network(")


def test_the_belief_of_several_judges_is_their_geometric_mean(atlas):
    entry = atlas[259]
    assert entry.belief == pytest.approx((entry.beliefs[0] * entry.beliefs[1]) ** 0.5, rel=1e-6)


def test_a_tile_and_a_picture_show_the_same_thing(atlas):
    classes = [0, 99, 100, 259, 999]
    tiles, pictures = atlas.tiles(classes), atlas.pictures(classes)
    assert tiles.shape == (5, 3, 96, 96) and pictures.shape == (5, 3, ATLAS["size"], ATLAS["size"])
    small = torch.nn.functional.interpolate(pictures, 96, mode="bilinear", antialias=True)
    difference = (small[:, None] - tiles[None]).square().mean(dim=(2, 3, 4))
    assert difference.argmin(dim=1).tolist() == [0, 1, 2, 3, 4]
    assert difference.diagonal().max() < 0.3 * difference.masked_fill(torch.eye(5, dtype=bool), 1).min()


def test_there_may_be_no_atlas(tmp_path):
    with pytest.raises(FileNotFoundError, match="a clone of the book has one in book/_static/atlas"):
        load_atlas(tmp_path)


def test_a_walk_around_a_circle_goes_around_it():
    around = torch.randperm(40, generator=torch.Generator().manual_seed(0)).double() * 2 * torch.pi / 40
    points = torch.stack([around.cos(), around.sin()], dim=1)
    order = bind_atlas.walk(torch.cdist(points, points).numpy())
    assert sorted(order) == list(range(40))
    steps = (points[order[1:]] - points[order[:-1]]).norm(dim=1)
    assert steps.sum() == pytest.approx(39 * steps.min().item(), rel=0.06)


def test_a_sheet_has_each_picture_in_its_place():
    colors = torch.rand(7, 3, 1, 1, generator=torch.Generator().manual_seed(0))
    data = bind_atlas.sheet(colors.expand(7, 3, 64, 64), side=32, across=3, quality=90)
    assert data[4:12] == b"ftypavif"
    whole = np.array(Image.open(io.BytesIO(data)).convert("RGB")) / 255
    assert whole.shape == (96, 96, 3)
    for k, color in enumerate(colors[:, :, 0, 0]):
        row, column = divmod(k, 3)
        assert np.allclose(whole[row * 32 + 16, column * 32 + 16], color, atol=0.03)


def test_nothing_is_bound_while_something_is_missing(tmp_path):
    names = [piece.name for piece in plan([1, 2, 3], **ATLAS)[0]]
    Image.new("RGB", (8, 8), "red").save(tmp_path / f"{names[0]}.png")
    (tmp_path / f"{names[1]}.failed").write_text("NotFinite")
    with pytest.raises(FileNotFoundError, match=f"1 of 3 are not drawn yet, such as {names[2]}"):
        bind_atlas.gather(tmp_path, names)
    Image.new("RGB", (8, 8), "blue").save(tmp_path / f"{names[2]}.png")
    images, failed = bind_atlas.gather(tmp_path, names)
    assert failed == [names[1]] and images.shape == (3, 3, 8, 8)
    assert images[0, 0].min() == 1 and images[2, 2].min() == 1 and torch.allclose(images[1], torch.tensor(128 / 255))


@pytest.mark.parametrize(
    "words, wanted",
    [
        ([], None),
        (["--classes", "259", "zebra"], [259, "zebra"]),
        (["--channels", "fire3:0-2", "fire4:7"], [("fire3", 0), ("fire3", 1), ("fire3", 2), ("fire4", 7)]),
        (["--classes", "1", "--channels", "conv1:0"], [1, ("conv1", 0)]),
    ],
)
def test_the_command_line_says_what_to_draw(words, wanted):
    assert targets(parse(words)) == wanted


@pytest.mark.parametrize(
    "words, network",
    [
        ([], ATLAS["network"]),
        (["--classes", "259"], ATLAS["network"]),
        (["--channels", "fire3"], ALONE),
        (["--channels", "conv1:0", "--network", "vgg16"], "vgg16"),
    ],
)
def test_the_book_s_recipe_is_drawn_unless_told_otherwise_and_channels_by_one_network(words, network):
    asked = parse(words)
    assert {key: getattr(asked, key) for key in ATLAS} == ATLAS | {"network": network}


def test_two_networks_have_no_channels_in_common():
    with pytest.raises(LookupError, match="have no layer 'fire3' in common"):
        list(channels("fire3", ATLAS["network"]))


def test_the_line_of_code_draws_the_class_by_the_whole_recipe(monkeypatch):
    artist, (pieces, recipe) = load_all(ATLAS["network"]), plan([259], **ATLAS)
    line = bind_atlas.call(artist, recipe, pieces[0].seed).format(name="jack-o'-lantern")
    seen = {}
    words = dict(load_network=str, visualize=lambda name, networks, **how: seen.update(how, name=name, by=networks))
    eval(line, words)
    assert seen == dict(
        name="jack-o'-lantern",
        by=ATLAS["network"].split(" + "),
        style=ATLAS["style"],
        steps=ATLAS["steps"],
        size=ATLAS["size"],
        seed=0,
        precision=None,  # as the plan has it for mobile networks, wherever it was drawn
    )


def test_judges_of_an_artist_s_architecture_are_its_kin():
    judges = [load_network(name) for name in (*bind_atlas.JUDGES, ALONE)]
    two = load_all("efficientnet_lite2 + squeezenet1_1").members
    assert bind_atlas.kin(judges[:2], two) == {judge.title: ["EfficientNet-Lite2"] for judge in judges[:2]}
    assert bind_atlas.kin(judges[:2], two[1:]) == {}
    assert bind_atlas.kin(judges, two[1:]) == {"SqueezeNet 1.1": ["SqueezeNet 1.1"]}


def test_what_happened_to_a_picture_is_read_from_its_file(tmp_path):
    pieces = [Piece(k, 0, f"n{k}") for k in (2, 0, 1)]
    for piece, restarts, took_off in zip(pieces, "020", ("yes", "no", "yes"), strict=True):
        words = PngInfo()
        words.add_text(RESTARTS, restarts)
        words.add_text(TOOK_OFF, took_off)
        Image.new("RGB", (4, 4)).save(tmp_path / f"{piece.name}.png", pnginfo=words)
    found = bind_atlas.happened(tmp_path, pieces, ["tench", "goldfish", "shark"])
    assert found == {"restarted": 1, "grounded": ["tench"]}


def test_all_channels_of_a_layer_and_a_wrong_span():
    assert len(list(channels("fire3", ALONE))) == 128
    with pytest.raises(ValueError, match="fire3:0-15 or fire3:7, got 'fire3:a-b'"):
        list(channels("fire3:a-b", ALONE))


def test_half_a_picture_is_not_bound(tmp_path):
    (name,) = [piece.name for piece in plan([1], **ATLAS)[0]]
    Image.new("RGB", (8, 8), "red").save(tmp_path / f"{name}.png")
    path = tmp_path / f"{name}.png"
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(FileNotFoundError, match="1 of 1 are not drawn yet"):
        bind_atlas.gather(tmp_path, [name])


def test_pictures_are_not_all_open_at_once(tmp_path):
    """Some systems let a program have 256 files open."""
    resource = pytest.importorskip("resource")
    names = [f"n{k}" for k in range(120)]
    for name in names:
        Image.new("RGB", (4, 4)).save(tmp_path / f"{name}.png")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 128
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, used + 40) if hard > 0 else used + 40, hard))
    try:
        assert len(bind_atlas.gather(tmp_path, names)[0]) == 120
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
