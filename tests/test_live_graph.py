"""The graphs of the page *Climb*: their score and gradient are autograd's, for every objective, at every size."""

from __future__ import annotations

import copy
from collections import OrderedDict

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import Network, channel, class_logit, class_margin, direction, layer, load_network, load_photo
from tools.live.differentiate import ascent_graph, forward_graph
from tools.live.files import climbable
from tools.live.rules import RULES

CLOSE = 1e-5
SIZES = [(64, 64), (96, 131), (127, 97), (128, 128), (224, 224)]


def session(model) -> onnxruntime.InferenceSession:
    """A graph, ready to run on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def run(graph: onnxruntime.InferenceSession, network: Network, image: torch.Tensor, **wanted) -> dict[str, np.ndarray]:
    """What the graph answers: everything that is not named is not wanted."""
    inputs = [entry for entry in graph.get_inputs() if entry.name != "image"]
    feed = {entry.name: np.zeros(entry.shape, bool if "bool" in entry.type else np.float32) for entry in inputs}
    feed |= {"mean": network.mean.numpy().ravel(), "std": network.std.numpy().ravel()}
    for name, value in wanted.items():
        if (layer_wanted := f"{name.rpartition('_')[0]}_wanted") in feed:
            feed[layer_wanted] = np.asarray(True)
        if isinstance(value, dict):
            feed[name][list(value)] = list(value.values())
        else:
            feed[name] = np.asarray(value, feed[name].dtype).reshape(feed[name].shape)
    names = [entry.name for entry in graph.get_outputs()]
    return dict(zip(names, graph.run(None, feed | {"image": image.numpy()}), strict=True))


def by_autograd(network: Network, objective, image: torch.Tensor) -> tuple[float, np.ndarray]:
    """The same score and gradient by PyTorch."""
    image = image.clone().requires_grad_()
    bound = objective.bind(network)
    score = bound.score(network.activations(image, bound.layers)).sum()
    score.backward()
    return score.item(), image.grad.numpy()


def assert_same(graph, network: Network, objective, image: torch.Tensor, **wanted) -> None:
    score, gradient = by_autograd(network, objective, image)
    answer = run(graph, network, image, **wanted)
    assert np.abs(gradient).max() > 0
    assert np.abs(answer["gradient"] - gradient).max() <= CLOSE * max(1, np.abs(gradient).max())
    assert answer["score"].shape == (1,) and answer["score"].item() == pytest.approx(score, rel=CLOSE, abs=CLOSE)
    if "logits" in answer:
        assert np.abs(answer["logits"] - network(image).detach().numpy()).max() < 1e-4


def noise(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """An image (1, 3, H, W) that leaves [0, 1] a little, as an ascent does."""
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 1.4 - 0.2


@pytest.fixture(scope="module")
def squeezenet_graph(squeezenet):
    return session(ascent_graph(squeezenet, climbable(squeezenet)))


@pytest.fixture(scope="module")
def rounded(convolutions) -> Network:
    """VGG16's convolutions with the weights that the file has: rounded to float16."""
    network = copy.deepcopy(convolutions)
    network.core.half().float()
    network.core.to(memory_format=torch.contiguous_format)
    return network


@pytest.fixture(scope="module")
def vgg_graph(rounded):
    return session(ascent_graph(rounded, climbable(rounded, "conv3_3"), logits=False, half=True))


WANTED = {
    "a class": (class_logit(259), {"logits_weight": {259: 1}}),
    "a margin": (class_margin(259), {"logits_weight": {259: 1}, "rivals_weight": 0.5}),
    "two classes": (class_logit(1) - 0.3 * class_logit(999), {"logits_weight": {1: 1, 999: -0.3}}),
    "the first layer's channel": (channel("conv1", 5), {"conv1_weight": {5: 1}}),
    "a channel": (channel("fire5", 75), {"fire5_weight": {75: 1}}),
    "conv10's channel": (channel("conv10", 259), {"conv10_weight": {259: 1}}),
    "Deep Dream": (layer("fire7"), {"fire7_square": 1}),
    "the first layer, squared": (layer("conv1"), {"conv1_square": 1}),
    "a direction": (direction("fire3", torch.ones(128)), {"fire3_weight": dict.fromkeys(range(128), 128**-0.5)}),
    "a sum": (
        class_margin(259) + 2 * channel("fire2", 7) - channel("fire9", 3) + 1e-3 * layer("fire4"),
        {
            "logits_weight": {259: 1},
            "rivals_weight": 0.5,
            "fire2_weight": {7: 2},
            "fire9_weight": {3: -1},
            "fire4_square": 1e-3,
        },
    ),
}


@pytest.mark.parametrize("what", WANTED)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_squeezenet_s_gradient_is_autograd_s(squeezenet, squeezenet_graph, size, what):
    objective, wanted = WANTED[what]
    assert_same(squeezenet_graph, squeezenet, objective, noise(*size), **wanted)


def test_a_layer_that_is_not_wanted_counts_for_nothing(squeezenet, squeezenet_graph):
    image, a_class = noise(64, 64), {"logits_weight": {259: 1}}
    plain = run(squeezenet_graph, squeezenet, image, **a_class)
    both = dict(fire5_weight={75: 1}, fire5_square=1)
    silent = run(squeezenet_graph, squeezenet, image, **both, **a_class, fire5_wanted=False)
    assert silent["score"] == plain["score"] and np.array_equal(silent["gradient"], plain["gradient"])
    assert run(squeezenet_graph, squeezenet, image, **both, **a_class)["score"] != plain["score"]


@pytest.mark.parametrize("what", ["a margin", "Deep Dream"])
def test_also_of_a_photograph(squeezenet, squeezenet_graph, what):
    objective, wanted = WANTED[what]
    assert_same(squeezenet_graph, squeezenet, objective, load_photo("chelsea", 160), **wanted)


@pytest.mark.parametrize("size", SIZES[:3], ids=str)
def test_vgg16_s_gradient_is_autograd_s(rounded, vgg_graph, size):
    image = noise(*size)
    for name in climbable(rounded, "conv3_3"):
        assert_same(vgg_graph, rounded, channel(name, 7), image, **{f"{name}_weight": {7: 1}})
    assert_same(vgg_graph, rounded, layer("conv3_3"), image, conv3_3_square=1)
    both = channel("conv2_1", 3) + 0.01 * layer("conv1_2")
    assert_same(vgg_graph, rounded, both, image, conv2_1_weight={3: 1}, conv1_2_square=0.01)


def test_without_normalization_it_is_the_original_recipe_s(squeezenet, squeezenet_graph):
    bare = squeezenet.without_normalization()
    assert_same(squeezenet_graph, bare, class_logit(259), noise(96, 90), logits_weight={259: 1})


def test_where_several_pixels_are_the_largest_the_first_gets_the_gradient():
    pool = toy(lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True))
    image = torch.full((1, 3, 8, 9), 0.5)
    assert_same(session(toy_graph(pool)), pool, layer("all"), image, all_square=1)


def toy(function, *modules: nn.Module) -> Network:
    """A network of one function of an image and some modules."""

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.ModuleList(modules)

        def forward(self, x):
            return function(x, *self.inside)

    with torch.random.fork_rng():
        torch.manual_seed(1)
        core = nn.Sequential(OrderedDict(all=Body()))
        for parameter in core.parameters():
            nn.init.normal_(parameter)
    return Network(core.eval().requires_grad_(False), "toy", "Toy", mean=(0.4,) * 3, std=(0.2,) * 3)


def toy_graph(network: Network):
    return ascent_graph(network, {"all": "all"}, logits=False)


def conv(*sizes, **how) -> nn.Conv2d:
    return nn.Conv2d(*sizes, **how)


TOYS = {
    "convolution": (lambda x, m: m(x), conv(3, 4, 3, padding=1)),
    "strided": (lambda x, m: m(x), conv(3, 4, 3, stride=2)),
    "strided and padded": (lambda x, m: m(x), conv(3, 4, 5, stride=3, padding=2, bias=False)),
    "dilated": (lambda x, m: m(x), conv(3, 4, 3, dilation=2, padding=(0, 1))),
    "in groups": (lambda x, m: m(x), conv(3, 6, 3, groups=3, stride=2, padding=1)),
    "relu": (lambda x, m, n: n(m(x).relu()), conv(3, 4, 1), conv(4, 2, 1)),
    "relu6": (lambda x, m, clip, n: n(clip(m(x))), conv(3, 4, 1), nn.ReLU6(), conv(4, 2, 1)),
    "two by two": (lambda x: F.max_pool2d(x, 2),),
    "overlapping": (lambda x: F.max_pool2d(x, 3, 2),),
    "ceil mode": (lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),),
    "padded": (lambda x: F.max_pool2d(x, 3, 2, padding=1),),
    "padded, ceil mode": (lambda x: F.max_pool2d(x, 3, 2, padding=1, ceil_mode=True),),
    "gaps": (lambda x: F.max_pool2d(x, 2, 3, ceil_mode=True),),
    "average": (lambda x: F.adaptive_avg_pool2d(x, 1),),
    "mean, kept": (lambda x: x.mean((2, 3), keepdim=True),),
    "branches": (lambda x, m: torch.cat([x, m(x).relu(), x], 1), conv(3, 4, 1)),
    "doubled": (lambda x: x + x,),
    "residual": (lambda x, m: x + m(x).relu(), conv(3, 3, 3, padding=1)),
    "frame": (lambda x: F.pad(x, (1, 2, 0, 3)),),
    "dropout": (lambda x, m: m(x), nn.Dropout(0.5)),
}


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("size", [(12, 12), (11, 14), (13, 9)], ids=str)
def test_every_rule_alone(name, size):
    function, *modules = TOYS[name]
    network = toy(function, *modules)
    assert_same(session(toy_graph(network)), network, layer("all"), noise(*size), all_square=1)


HEADS = {
    "mean": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(3, 9)),
    "no bias": nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(3, 9, bias=False)),
}


@pytest.mark.parametrize("head", HEADS)
def test_a_classifier_of_fully_connected_layers(head):
    network = toy(lambda x, m: m(x), HEADS[head])
    network.classes = [str(k) for k in range(9)]
    graph = session(ascent_graph(network, {}))
    assert_same(graph, network, class_margin(4), noise(8, 7), logits_weight={4: 1}, rivals_weight=0.5)


def test_a_network_without_a_rule_is_named():
    with pytest.raises(NotImplementedError, match="no rule for 'softmax'.*conv2d"):
        toy_graph(toy(lambda x: x.softmax(1)))
    assert "softmax" not in RULES


def test_a_network_in_training_is_refused():
    network = toy(lambda x, m: m(x), nn.Dropout(0.5))
    network.core.train()
    with pytest.raises(ValueError, match="eval"):
        toy_graph(network)


def test_the_second_opinion_is_the_judge_s():
    judge = load_network("efficientnet_lite0")
    judge.core.half().float()
    graph = session(forward_graph(judge, half=True))
    image = load_photo("coffee", 224)
    (logits,) = graph.run(None, {"image": image.numpy()})
    with torch.no_grad():
        assert np.abs(logits - judge(image).numpy()).max() < 1e-3
    assert judge.classes[logits.argmax()] == "espresso"
