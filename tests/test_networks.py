"""Networks know their names, are frozen, normalize inside, run no more than they must; and their numbers are true."""

from __future__ import annotations

import pickle

import pytest
import torch
import torchvision
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from torch import nn

from helpers import Network, NoClassifier, channel, load_network, load_photo
from helpers.basics import files as opening
from helpers.networks import load as networks
from helpers.networks import weights


def test_the_classes_of_the_photographs(squeezenet):
    cat, coffee = (squeezenet.top(load_photo(name), 3)[0] for name in ("chelsea", "coffee"))
    assert {name for name, _ in cat} == {"Egyptian cat", "tiger cat", "tabby"}
    assert coffee[0][0] == "espresso" and coffee[0][1] > 0.9


def test_the_other_network_sees_the_same(capsys):
    judge = load_network("efficientnet_lite0")
    cat, coffee = (judge.top(load_photo(name), 3)[0] for name in ("chelsea", "coffee"))
    assert {name for name, _ in cat} == {"Egyptian cat", "tiger cat", "tabby"}
    assert coffee[0][0] == "espresso" and coffee[0][1] > 0.8
    assert capsys.readouterr().out.startswith("EfficientNet-Lite0: ")


def test_vgg16_s_first_kernel(convolutions):
    first = convolutions.core.features[0].weight[0, 0, 0]
    assert torch.allclose(first, torch.tensor([-0.5537306, 0.1427047, 0.5289615]), atol=1e-7)


def test_vgg16_s_convolutions_are_torchvision_s_with_the_same_numbers(convolutions):
    with torch.device("meta"):
        features = torchvision.models.vgg16().features
    arrays = opening.load_arrays(weights.packaged("vgg16"), weights.PACKAGED["vgg16"].sha256)["VGG16_0"]
    state, k = {}, 0
    for i, module in enumerate(features):
        if isinstance(module, nn.Conv2d):
            state[f"{i}.weight"] = torch.tensor(arrays[f"Conv_{k}"]["kernel"]).permute(3, 2, 0, 1)
            state[f"{i}.bias"] = torch.tensor(arrays[f"Conv_{k}"]["bias"])
            k += 1
    features.load_state_dict(state, assign=True)
    photo = load_photo("chelsea", 96)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (networks.IMAGENET_MEAN, networks.IMAGENET_STD))
    expected = features((photo - mean) / std)
    found = convolutions.activations(photo, ["pool5"])["pool5"]
    assert expected.abs().max() > 1 and torch.allclose(found, expected, atol=1e-4)


def test_layers_keep_their_values_when_later_ones_run_too(small):
    """An in-place ReLU would overwrite the convolution before it."""
    images = torch.rand(2, 3, 8, 8)
    alone = small.activations(images, ["first"])["first"]
    together = small.activations(images, ["first", "relu", "logits"])
    assert (alone < 0).any() and torch.equal(together["first"], alone)
    assert torch.equal(together["relu"], alone.relu())


def test_only_the_part_that_is_needed_runs(convolutions):
    ran, images = [], torch.rand(1, 3, 32, 32)
    convolutions.activations(images, ["conv2_1"])  # the first of a shape counts how often each layer runs
    hooks = [
        module.register_forward_hook(lambda module, _, __: ran.append(module))
        for module in convolutions.core.modules()
        if isinstance(module, nn.Conv2d)
    ]
    convolutions.activations(images, ["conv2_1"])
    for hook in hooks:
        hook.remove()
    assert len(ran) == 3


def test_two_names_of_one_layer_are_both_answered(squeezenet):
    found = squeezenet.activations(torch.rand(1, 3, 64, 64), ["fire9", "features.12", "features"])
    assert torch.equal(found["fire9"], found["features.12"]) and torch.equal(found["fire9"], found["features"])


def test_how_often_layers_run_is_found_out_once(small, monkeypatch):
    """Counting takes a whole pass, so a second step must not count again."""
    small.activations(torch.rand(1, 3, 8, 8), ["first", "logits"])
    monkeypatch.setattr("helpers.networks.tried.count_uses", lambda *_: pytest.fail("counted again"))
    small.activations(torch.rand(1, 3, 8, 8), ["first", "logits"])
    small(torch.rand(1, 3, 8, 8))


def test_the_order_of_hopeless_classes_is_kept(small, monkeypatch):
    monkeypatch.setattr(small, "forward", lambda images: torch.tensor([[-900.0, -500.0, 0.0, -700.0]]))
    assert [name for name, _ in small.top(torch.rand(1, 3, 8, 8), 4)[0]] == ["Pomeranian", "dog", "crane", "cat"]


def test_the_book_s_own_are_frozen_in_eval(squeezenet, convolutions):
    for network in (squeezenet, convolutions):
        assert not any(m.training for m in network.modules()) and not any(p.requires_grad for p in network.parameters())


def test_it_runs_in_eval_and_normalizes_inside(small):
    images = torch.rand(2, 3, 8, 8)
    small.core.train()
    assert torch.equal(small(images), small(images)) and small.core.training  # as its owner left it
    small.core.eval()
    assert torch.allclose(small(images), small.core((images - 0.5) / 0.25))
    assert torch.equal(small.without_normalization()(images), small.core(images))


def test_readable_names_and_paths(squeezenet, convolutions):
    assert convolutions.find_layer("conv4_3") == "features.21" == convolutions.find_layer("features.21")
    assert convolutions.layer_shapes(64)["conv5_3"] == (512, 4, 4)
    assert list(convolutions.layers)[:3] == ["conv1_1", "relu1_1", "conv1_2"] and "pool5" in convolutions.layers
    shapes = squeezenet.layer_shapes()
    assert shapes["fire9"] == (512, 13, 13) and shapes["conv10"] == (1000, 13, 13)
    assert torch.equal(
        squeezenet.activations(torch.ones(1, 3, 64, 64), ["conv1", "logits"])["logits"],
        squeezenet(torch.ones(1, 3, 64, 64)),
    )


def test_classes_by_name(squeezenet):
    assert squeezenet.find_class("pomeranian") == 259 == squeezenet.find_class(259)
    assert squeezenet.class_name("POMERANIAN") == "Pomeranian"
    assert (281, "tabby") in squeezenet.search_classes("TAB")
    assert squeezenet.find_class("Cardigan") == 264 and squeezenet.find_class("cardigan") == 474


@pytest.mark.parametrize(
    "error, words, call",
    [
        (
            LookupError,
            r"no class 'pomeranean'; did you mean 'Pomeranian' \(259\)",
            lambda n: n.find_class("pomeranean"),
        ),
        (LookupError, r"did you mean 'golden retriever' \(207\)", lambda n: n.find_class("golden retreiver")),
        (LookupError, "search_classes", lambda n: n.find_class("qqqqqq")),
        (
            LookupError,
            "2 classes are called 'CARDIGAN': say which by its index, 264 or 474",
            lambda n: n.find_class("CARDIGAN"),
        ),
        (IndexError, "numbered 0 to 999", lambda n: n.find_class(1000)),
        (IndexError, "numbered 0 to 999", lambda n: n.find_class(-1)),
        (TypeError, "an index or a name", lambda n: n.find_class(2.5)),
        (LookupError, "did you mean 'fire9'", lambda n: n.find_layer("fier9")),
        (LookupError, "did you mean 'vgg16'", lambda n: load_network("vvg16")),
        (ValueError, r"RGB images \(B, 3, H, W\), got \(3, 64, 64\)", lambda n: n(torch.rand(3, 64, 64))),
        (TypeError, "divide bytes by 255", lambda n: n(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))),
        (ValueError, "does not take 9×9 pixels", lambda n: n(torch.rand(1, 3, 9, 9))),
        (
            ValueError,
            r"expected values in \[0, 1\], got 0 to 255",
            lambda n: n.top(255 * torch.eye(64).expand(3, -1, -1)),
        ),
    ],
)
def test_mistakes_are_told(squeezenet, error, words, call):
    with pytest.raises(error, match=words):
        call(squeezenet)


MISTAKES = [
    ("visualize('zebar', small)", "LookupError: no class 'zebar'; did you mean 'zebra' (0)?"),
    ("visualize(7, small)", "LookupError: no class 7: the classes are numbered 0 to 1"),
    ("visualize('hen', small, style='claer')", "LookupError: no style 'claer'; did you mean 'clear'?"),
    ("channel('last', 9).bind(small)", "LookupError: no channel 9 in last of Small: its channels are numbered 0 to 1"),
    ("layer('lust').bind(small)", "LookupError: Small has no layer 'lust'; did you mean 'last'?"),
    ("load_network('vgg61')", "LookupError: no network 'vgg61'; did you mean 'vgg19' or 'vgg16' or 'vgg13'?"),
    ("load_photo('cofee')", "LookupError: no photograph and no file 'cofee'; did you mean 'coffee'?"),
]
PREPARED = """
from collections import OrderedDict
from torch import nn
from helpers import Network, channel, layer, load_network, load_photo, visualize
parts = dict(last=nn.Conv2d(3, 2, 3), pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten())
small = Network(nn.Sequential(OrderedDict(parts)), "small", "Small", ["zebra", "hen"])
"""


def test_a_notebook_shows_the_hint_first_and_no_frames_of_ours():
    cells = [new_code_cell(PREPARED), *(new_code_cell(f"if small:\n    {call}  # here") for call, _ in MISTAKES)]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=600, allow_errors=True).execute()
    said = [[output.traceback for output in cell.outputs] for cell in notebook.cells]
    assert said == [[], *([[hint, f"  line 2 of the cell: {call}  # here"]] for call, hint in MISTAKES)]


def test_a_misspelt_class_survives_the_way_from_a_worker(small):
    with pytest.raises(LookupError) as caught:
        small.find_class("dgo")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_what_a_network_says_of_itself_breaks_between_words(small, monkeypatch, capsys):
    why = "the best that can be had; without a GPU its 528 MB, 1,000 classes and 13 convolutions have to wait " * 3
    monkeypatch.setattr("helpers.networks.load._best", lambda gpu: (small, why.strip()))
    load_network()
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 79 and said.split() == f"Small: {why.strip()}.".split()


def test_class_scores_without_a_classifier(convolutions):
    for ask in (lambda: convolutions(torch.rand(1, 3, 64, 64)), lambda: convolutions.find_class("tabby")):
        with pytest.raises(NoClassifier, match="has no classes here.*conv5_3"):
            ask()


def test_the_environment_can_name_the_network(monkeypatch, capsys):
    monkeypatch.setenv("POMERANIAN_NETWORK", "efficientnet_lite0")
    assert load_network().name == "efficientnet_lite0"
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.slow
def test_vgg16_whole_is_picked_up_from_the_cache_and_runs_the_recipe(tmp_path, monkeypatch, capsys):
    """Random weights of the true shapes: it takes the path that the 528 MB take, and fits in memory."""
    from helpers import maximal_class_input

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("nothing may be downloaded"))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.manual_seed(0)
    state = torchvision.models.vgg16().state_dict()
    torch.save(state, tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth")
    network = load_network()
    assert network.name == "vgg16" and "not torchvision's own" in capsys.readouterr().out
    assert torch.equal(network.core.classifier[6].weight, state["classifier.6.weight"])
    result = maximal_class_input("Pomeranian", num_steps=3, network=network, progress=False)
    assert result.images.shape == (1, 3, 512, 512) and result.final[0] > result.scores[0, 0]


class Last(nn.Module):
    """Channels that come last on the way, as in Swin and in ConvNeXt's blocks; a layer for training alone."""

    def __init__(self):
        super().__init__()
        self.stem, self.mix = nn.Conv2d(3, 6, 4, stride=4), nn.Linear(6, 6)
        self.head, self.auxiliary = nn.Linear(6, 2), nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.mix(self.stem(x).permute(0, 2, 3, 1)).mean(dim=(1, 2)))


def test_channels_that_come_last_are_not_taken_for_rows():
    network = Network(Last(), "last", "Last", ["a", "b"])
    assert network.channels("stem") == 6 and network.channels("logits") == 2
    with pytest.raises(ValueError, match=r"\(2, 56, 56, 6\) or \(1, 28, 28, 6\).*as many at every size"):
        channel("mix", 3).bind(network)


def test_layers_for_training_alone_have_no_shape():
    shapes = Network(Last(), "last", "Last", ["a", "b"]).layer_shapes(32)
    assert shapes["stem"] == (6, 8, 8) and "auxiliary" not in shapes


def test_a_class_of_few_is_found_in_their_list(small):
    with pytest.raises(LookupError, match="no class 'xyz'; there are cat, dog, Pomeranian, crane"):
        small.find_class("xyz")
