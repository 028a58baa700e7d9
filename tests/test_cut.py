"""The network cut down to what is looked at gives what the whole network gives, and computes no more."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import helpers
from helpers import Network, ascend, channel, class_logit, class_margin, load_network, per_image, unit
from helpers.networks.extract import Want

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def squeezenet():
    return load_network("squeezenet1_1")


def counted(network, layers):
    """The activations, and how many channels each convolution made on the way."""
    network.activations(IMAGES, layers)
    made = []
    part = network._parts[tuple(dict.fromkeys(layers)), None, False, False]
    for module in part.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(lambda m, i, out: made.append(out.shape[1]))
    return network.activations(IMAGES, layers), made


def test_a_channel_is_told_from_a_layer():
    assert Want.of("fire3[5]") == Want("fire3", 5) and Want.of("features.3") == Want("features.3")
    assert [str(Want.of(words)) for words in ("fire3[5]", "logits")] == ["fire3[5]", "logits"]


@pytest.mark.parametrize(
    "layers, last",
    [
        (["fire3[5]"], [1]),  # of the left half of a concatenation: the right half is not computed at all
        (["fire3[127]"], [1]),  # of the right half
        (["fire3[70]", "fire3[5]"], [1, 1]),
        (["fire3[5]", "fire3[9]", "fire3[5]"], [2]),
        (["conv1[3]"], [1]),
        (["logits[259]"], [1]),
        (["logits[999]", "logits[0]"], [2]),
        (["fire3[5]", "fire3"], [64, 64]),  # somebody looks at all of it
        (["logits", "logits[3]"], [1000]),
    ],
)
def test_one_channel_is_the_channel_of_the_whole(squeezenet, layers, last):
    found, made = counted(squeezenet, layers)
    assert made[-len(last) :] == last
    for words in layers:
        want = Want.of(words)
        whole = squeezenet.activations(IMAGES, [want.layer])[want.layer]
        expected = whole if want.channel is None else whole[:, want.channel : want.channel + 1]
        torch.testing.assert_close(found[words], expected, rtol=1e-4, atol=1e-5)


def test_the_gradient_is_the_same(squeezenet):
    def gradient(layer, k):
        x = IMAGES.clone().requires_grad_()
        squeezenet.activations(x, [layer])[layer][:, k].sum().backward()
        return x.grad

    torch.testing.assert_close(gradient("fire3[100]", 0), gradient("fire3", 100), rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(gradient("logits[281]", 0), gradient("logits", 281), rtol=1e-3, atol=1e-6)


def test_the_network_keeps_its_weights(squeezenet):
    before = {key: value.clone() for key, value in squeezenet.state_dict().items()}
    squeezenet.activations(IMAGES, ["fire4[1]", "logits[7]"])
    assert all(torch.equal(value, before[key]) for key, value in squeezenet.state_dict().items())
    assert squeezenet(IMAGES).shape == (2, 1000)


class Residual(nn.Module):
    """Its sum needs every channel of what comes before, and its grouped convolution mixes a few."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.again = nn.Conv2d(8, 8, 3, padding=1)
        self.grouped = nn.Conv2d(8, 8, 1, groups=2)

    def forward(self, x):
        x = self.first(x).relu()
        x = x + self.again(self.again(x))
        return self.grouped(x).mean(dim=(2, 3))


@pytest.mark.parametrize("layer", ["first", "again", "grouped"])
def test_what_cannot_be_narrowed_is_still_right(layer):
    network = Network(Residual(), "residual", "Residual")
    whole = network.activations(IMAGES, [layer])[layer]
    torch.testing.assert_close(network.activations(IMAGES, [f"{layer}[3]"])[f"{layer}[3]"], whole[:, 3:4])


def test_two_layers_of_which_one_feeds_the_other(squeezenet):
    found = squeezenet.activations(IMAGES, ["fire2[5]", "fire3[5]"])
    for layer in ("fire2", "fire3"):
        whole = squeezenet.activations(IMAGES, [layer])[layer]
        torch.testing.assert_close(found[f"{layer}[5]"], whole[:, 5:6], rtol=1e-4, atol=1e-5)


def test_objectives_ask_for_no_more_than_they_need(squeezenet):
    assert class_logit("Pomeranian").bind(squeezenet).layers == ("logits[259]",)
    assert class_margin("Pomeranian").bind(squeezenet).layers == ("logits",)
    both = per_image([channel("fire3", 5), unit("fire3", 70)]).bind(squeezenet)
    assert both.layers == ("fire3[5]", "fire3[70]")
    acts = squeezenet.activations(IMAGES, ["fire3"])["fire3"]
    expected = torch.stack([acts[0, 5].mean(), acts[1, 70, 7, 7]])
    assert acts.shape[2:] == (15, 15)
    torch.testing.assert_close(both.score(squeezenet.activations(IMAGES, both.layers)), expected, rtol=1e-4, atol=1e-5)


def test_an_ensemble_gives_the_mean_of_one_logit(squeezenet):
    both = helpers.together([squeezenet, squeezenet.without_normalization()])
    alone = both.activations(IMAGES, ["logits[259]"])["logits[259]"]
    torch.testing.assert_close(alone, both(IMAGES)[:, 259:260], rtol=1e-4, atol=1e-5)


def test_old_parts_make_room(squeezenet, monkeypatch):
    monkeypatch.setattr("helpers.networks.network.PARTS", 3)
    for k in range(6):
        squeezenet.activations(IMAGES, [f"conv1[{k}]"])
    assert [wanted for wanted, *_ in squeezenet._parts] == [("conv1[3]",), ("conv1[4]",), ("conv1[5]",)]


def test_a_network_that_cannot_be_traced_still_has_logits():
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(3, 4)

        def forward(self, x):
            return self.last(x.mean(dim=(2, 3))) if x.sum() > 0 else self.last(-x.mean(dim=(2, 3)))

    network = Network(Branching(), "branching", "Branching", ["cat", "dog", "crane", "Pomeranian"])
    found = ascend(class_logit("dog"), network, helpers.Pixels.uniform(8), steps=2, progress=False)
    torch.testing.assert_close(found.final, network(found.raw)[:, 1])


def test_scores_can_be_taken_of_the_whole_layer_too(squeezenet):
    """Chapter 5 computes scores from activations that hold all channels, and so do readers."""
    acts = squeezenet.activations(IMAGES, ["fire3", "logits"])
    for objective in (channel("fire3", 70), unit("fire3", 5), class_logit(3)):
        bound = objective.bind(squeezenet)
        few = squeezenet.activations(IMAGES, bound.layers)
        torch.testing.assert_close(bound.score(few), bound.score(acts), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", [None, torch.bfloat16])
def test_a_network_in_training_mode_is_cut_in_training_mode(precision):
    network = load_network("squeezenet1_1")
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def looks() -> set[float]:
        found = [network.activations(images, ["logits[5]"], precision=precision)["logits[5]"].item() for _ in range(4)]
        return set(found)

    assert len(looks()) == 1
    network.train()
    assert len(looks()) > 1, "dropout drops nothing"
    network.eval()
    assert len(looks()) == 1
