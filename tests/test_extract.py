"""What is drawn is what the reader's own network answers, whatever it is made of, and the network is left as it was."""

from __future__ import annotations

import copy
import threading
from functools import partial

import own_networks as own
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.hooks import RemovableHandle
from torchvision.models import mobilenet_v3_small, resnet18
from torchvision.transforms import v2

from helpers import (
    Network,
    Pixels,
    ascend,
    bootstrap,
    channel,
    class_logit,
    class_margin,
    class_probability,
    deep_dream,
    layer,
    load_network,
    maximal_class_input,
    per_image,
    poster,
    power_spectrum,
    second_opinion,
    together,
    unit,
    visualize,
)
from helpers.basics.seeding import Seeded
from helpers.networks.extract import PASSES, each_module, in_eval

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
QUICK = dict(steps=2, size=64, progress=False, precision=None)
by_name = pytest.mark.parametrize("make", own.OF_READERS, ids=lambda make: make.__name__)


def of(core: nn.Module, **options) -> Network:
    return Network(core, "mine", "Mine", own.CLASSES, **options)


def truth(core: nn.Module, images: torch.Tensor = IMAGES) -> torch.Tensor:
    """What the bare network gives in evaluation mode."""
    training = [module for module in core.modules() if module.training]
    with torch.no_grad():
        answer = core.eval()(images)
    for module in training:
        module.training = True
    return answer


def state(core: nn.Module) -> list:
    """All of a network that its owner would notice."""
    modules = [(m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in core.modules()]
    tensors = [(t.detach().clone(), t.requires_grad, t.grad is None) for t in (*core.parameters(), *core.buffers())]
    return [modules, tensors]


def same(one: list, other: list) -> bool:
    pairs = zip(one[1], other[1], strict=True)
    return one[0] == other[0] and all(torch.equal(a[0], b[0]) and a[1:] == b[1:] for a, b in pairs)


@by_name
def test_logits_are_the_bare_network_s(make):
    core = make()
    expected, network = truth(core), of(core)
    torch.testing.assert_close(network(IMAGES), expected)
    for objective in (class_logit(3), class_margin("c3", weight=0.0)):
        torch.testing.assert_close(objective.bind(network).of(network, IMAGES), expected[:, 3])


def test_every_module_is_in_evaluation_mode_wherever_it_hangs():
    core = own.Plain()
    core.deep = nn.ModuleDict({"a": nn.Sequential(nn.Sequential(nn.Dropout())), "b": core.c2})
    core.register_module("none", None)
    core.train()
    core.norm.eval()
    modes = [module.training for module in core.modules()]
    with in_eval(core):
        assert each_module(core) == {*core.modules()} and not any(module.training for module in core.modules())
    assert [module.training for module in core.modules()] == modes and not all(modes)


def test_ctrl_c_while_a_network_is_set_back_leaves_it_as_it_was(monkeypatch):
    """Of a thousand presses some come just then: a step is short, and it sets back twice."""
    pressed, remove = ["hook", "mode"], RemovableHandle.remove

    def press(when: str) -> None:
        if when not in pressed:
            pressed.append(when)
            raise KeyboardInterrupt

    class Slow(own.Plain):
        def __setattr__(self, name, value):
            if name == "training" and value and hasattr(self, "dropout"):
                press("mode")
            super().__setattr__(name, value)

    core = Slow()
    network, before = of(core, size=64), state(core)
    monkeypatch.setattr(RemovableHandle, "remove", lambda handle: press("hook") or remove(handle))
    pressed.clear()
    with pytest.raises(KeyboardInterrupt):
        network.activations(IMAGES, "c1")
    assert pressed == ["hook", "mode"] and same(before, state(core))


@by_name
def test_an_ascent_leaves_the_network_as_it_was(make):
    core = make().train()
    before = state(core)
    network = of(core)
    visualize(3, network, **QUICK)
    some = "patches" if make is own.Tokens else next(path for path in network.layers if path.endswith("c2"))
    visualize(channel(some, 3), network, **QUICK)
    network.layer_shapes(64)
    assert same(before, state(core))


@by_name
def test_a_class_rises(make):
    drawn = ascend(class_logit(3), of(make()), Pixels.uniform(64), steps=5, progress=False)
    assert drawn.final.item() > drawn.scores[0].item()


@by_name
def test_every_layer_gives_what_a_hook_of_one_s_own_sees(make):
    """Also where a later layer writes over it in place: the hook copies at once."""
    core = make().eval()
    network, seen = of(core), {}

    def keep(path):
        return lambda m, i, out: seen.update({path: out.detach().clone()} if isinstance(out, torch.Tensor) else {})

    hooks = [module.register_forward_hook(keep(path)) for path, module in core.named_modules() if path]
    core(IMAGES)
    for hook in hooks:
        hook.remove()
    assert seen
    with torch.no_grad():
        together_ = network.activations(IMAGES, [*seen, "logits"])
    for path, expected in seen.items():
        torch.testing.assert_close(together_[path], expected)
        with torch.no_grad():
            torch.testing.assert_close(network.activations(IMAGES, path)[path], expected)
            of_last = expected[..., -1:] if expected.dim() == 3 else expected[:, -1:]
            k = expected.shape[-1 if expected.dim() == 3 else 1] - 1
            alone = network.activations(IMAGES, (path, k))[path, k]
        torch.testing.assert_close(alone, of_last)


def test_the_gradient_of_one_channel_is_that_of_the_whole(squeezenet, convolutions):
    for network, name, k in ((squeezenet, "fire3", 100), (squeezenet, "conv1", 3), (convolutions, "conv1_2", 7)):
        gradients = []
        for asked in (name, (name, k)):
            x = IMAGES.clone().requires_grad_()
            found = network.activations(x, asked)[asked]
            (found[:, k] if asked == name else found).sum().backward()
            gradients.append(x.grad)
        torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-6)


def made_channels(network: Network, asked) -> list[int]:
    """How many channels each convolution and fully connected layer makes in a pass."""
    made, real = [], torch.nn.functional.conv2d
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "conv2d", lambda *a, **o: made.append(a[1].shape[0]) or real(*a, **o))
        network.activations(IMAGES, asked)
    return made


def test_no_more_is_computed_than_is_wanted(convolutions):
    assert made_channels(convolutions, "conv2_1") == [64, 64, 128]
    assert made_channels(convolutions, [("conv2_1", 7)]) == [64, 64, 1]
    assert made_channels(convolutions, [("conv2_1", 7), ("conv2_1", 3)]) == [64, 64, 2]
    assert made_channels(convolutions, [("conv1_1", 7), ("conv2_1", 3)]) == [64, 64, 1]
    assert made_channels(convolutions, ["conv2_1", ("conv2_1", 3)]) == [64, 64, 128]  # somebody looks at all of it


NOT_PLAIN = [own.pruned, own.old_weight_norm, own.parametrized, own.replaced_forward]


@pytest.mark.parametrize("make", [*NOT_PLAIN, own.quantized, own.sparse, own.tiling])
def test_what_is_not_plain_is_not_narrowed(make):
    network = of(make())
    for name in ("c1", "c2", "head"):
        whole = network.activations(IMAGES, name)[name]
        torch.testing.assert_close(network.activations(IMAGES, (name, 5))[name, 5], whole[:, 5:6])


def test_hooks_may_come_and_go_between_two_calls(squeezenet):
    network = copy.deepcopy(squeezenet)
    before = network(IMAGES)
    hook = network.core.features[3].register_forward_hook(lambda m, i, out: out * 0)
    ablated = network(IMAGES)
    torch.testing.assert_close(class_logit(281).bind(network).of(network, IMAGES), ablated[:, 281])
    assert not torch.allclose(ablated, before)
    assert network.activations(IMAGES, ("fire2", 3))["fire2", 3].abs().max() == 0
    hook.remove()
    torch.testing.assert_close(network(IMAGES), before)


def test_each_use_of_a_module_can_be_asked_for():
    core = own.Twice().eval()
    network, inputs = of(core), []
    hook = core.relu.register_forward_hook(lambda m, i, out: inputs.append(out.clone()))
    core(IMAGES)
    hook.remove()
    found = network.activations(IMAGES, ["relu:0", "relu:1", "relu"])
    torch.testing.assert_close(found["relu:0"], inputs[0])
    torch.testing.assert_close(found["relu:1"], inputs[1])
    torch.testing.assert_close(found["relu"], inputs[1])
    with pytest.raises(LookupError, match="relu:2"):
        network.activations(IMAGES, "relu:2")


@pytest.mark.parametrize("make", [own.Rows, own.Halves, own.ImageByImage], ids=lambda make: make.__name__)
def test_the_last_use_is_that_of_these_images(make):
    """Whatever the size, the number and the numbers of those that came before."""
    core, seen = make().eval(), []
    network = of(core)
    core.again.register_forward_hook(lambda m, i, out: seen.append(out.clone()))
    for images in (IMAGES[:1, :, :32, :32] * 0.2, IMAGES, IMAGES * 20, torch.cat([IMAGES, IMAGES])):
        found = network.activations(images, "again")["again"]
        del seen[:]
        core(images)
        assert torch.equal(found, seen[-1])


def test_a_network_that_catches_the_end_of_a_pass_is_not_looked_at_after_it():
    core = own.CatchesAll().eval()
    expected = core.c2(core.c1(IMAGES))
    for asked in ("c2", ("c2", 3)):
        found = of(core).activations(IMAGES, asked)[asked]
        torch.testing.assert_close(found, expected if asked == "c2" else expected[:, 3:4])


def test_what_a_pass_left_on_copies_of_modules_does_nothing():
    core = own.Copies()
    network = of(core, size=64)
    expected = core(IMAGES)
    network.activations(IMAGES, "c2")  # counts
    for asked in ("c1", ("c1", 3)):
        core.copies = []
        network.activations(IMAGES, asked)
        assert torch.equal(core(IMAGES), expected)


def test_what_a_network_writes_into_its_input_does_not_come_back():
    core, before = own.WritesInput().eval(), IMAGES.clone()
    found = of(core).activations(IMAGES, "c1")["c1"]
    assert torch.equal(found, core.c1((IMAGES - 0.5) * 4)) and torch.equal(IMAGES, before)


def test_another_thread_may_forget_what_was_found_out_meanwhile(monkeypatch):
    network = of(own.Twice(), size=32)
    expected = network.activations(IMAGES, "relu")["relu"]
    monkeypatch.setattr(network, "check_use", lambda *_: network.refresh())
    assert torch.equal(network.activations(IMAGES, "relu")["relu"], expected)
    assert network.channels("c1") == 8


def test_a_trial_waits_for_another_s_pass():
    """Or it would put modules back into training mode in the middle of it."""
    network = of(own.Plain(), size=64)
    trial = threading.Thread(target=network.takes, args=(64, 64))
    with PASSES:
        trial.start()
        trial.join(0.3)
        assert trial.is_alive()
    trial.join()


def test_a_module_that_runs_twice_in_a_block_ends_the_pass_with_the_block():
    """As ResNet's relus, of which one stands in each block."""
    core = resnet18(num_classes=len(own.CLASSES)).eval()
    network, ran = of(core, size=64), []
    core.layer2.register_forward_hook(lambda *_: ran.append("layer2"))
    expected = core.layer1[0](core.maxpool(core.relu(core.bn1(core.conv1(IMAGES)))))
    network.activations(IMAGES, "layer1.0.relu")  # counts
    ran.clear()
    found = network.activations(IMAGES, "layer1.0.relu")["layer1.0.relu"]
    assert torch.equal(found, expected) and not ran


def test_a_trial_in_another_thread_leaves_a_run_its_randomness():
    """Or the views of a run would be those of before the trial once more."""
    inside, leave = threading.Event(), threading.Event()

    class Slow(own.Plain):
        def forward(self, x):
            inside.set()
            leave.wait(10)
            return super().forward(x)

    leave.set()
    network = of(Slow(), size=64)
    torch.manual_seed(3)
    expected = torch.rand(3)
    leave.clear()
    inside.clear()
    trial, drawn = threading.Thread(target=network.takes, args=(64, 64)), []
    with Seeded(3, torch.device("cpu")):
        for during in (None, trial, None):
            if during:
                during.start()
                inside.wait(10)
            drawn.append(torch.rand(1))
            if during:
                leave.set()
                during.join()
    assert torch.equal(torch.cat(drawn), expected)


def test_another_s_pass_through_the_same_modules_is_not_ours():
    core = own.Plain().eval()
    network, stop, errors = of(core), threading.Event(), []

    def train() -> None:
        while not stop.is_set():
            try:
                assert core(IMAGES[:1]).shape == (1, 10)
            except BaseException as error:
                errors.append(error)

    other = threading.Thread(target=train)
    other.start()
    expected = truth(core)
    for _ in range(200):
        found = network.activations(IMAGES, ["c1", ("c2", 3)])
        assert found["c1"].shape[0] == 2 and found["c2", 3].shape[:2] == (2, 1)
    stop.set()
    other.join()
    assert not errors
    torch.testing.assert_close(network(IMAGES), expected)


def test_a_network_can_be_trained_between_two_drawings():
    core = own.Moody()
    network = of(core)
    first = visualize(3, network, **QUICK)
    optimizer = torch.optim.SGD(core.parameters(), lr=0.5)
    nn.functional.cross_entropy(core(IMAGES), torch.tensor([3, 4])).backward()
    optimizer.step()
    assert core.training and core.norm.num_batches_tracked == 1
    assert visualize(3, network, **QUICK).final != first.final
    torch.testing.assert_close(network(IMAGES), truth(core))


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16, torch.float16])
def test_any_floating_type(kind):
    network = of(own.Plain().to(kind))
    assert network.dtype == kind
    assert visualize(3, network, **QUICK).images.isfinite().all()
    exact = truth(own.Plain())
    torch.testing.assert_close(network(IMAGES).float(), exact, atol=0.03 if kind != torch.float64 else 1e-5, rtol=0.05)


def test_a_network_is_where_its_parameters_are():
    core = own.Plain().to("meta")
    network = of(core)
    assert network.device.type == "meta" == network.mean.device.type
    assert network(IMAGES.to("meta")).shape == (2, 10)
    network = of(own.Plain())
    network.core.to(torch.float64)  # by its owner, later
    assert network(IMAGES).dtype == torch.float64


@pytest.mark.parametrize("make", [own.Keeps, own.pruned, own.old_weight_norm, own.parametrized])
def test_half_of_the_bits(make):
    network = of(make())
    half = network.activations(IMAGES, "logits", precision=torch.bfloat16)["logits"]
    torch.testing.assert_close(half.float(), network(IMAGES), atol=0.02, rtol=0.05)
    assert visualize(3, network, **QUICK | dict(precision=torch.bfloat16)).images.isfinite().all()


def test_what_cannot_run_in_half_of_the_bits_says_so_once(monkeypatch, capsys):
    class Stubborn(own.Plain):
        def forward(self, x):
            if torch.is_autocast_enabled("cpu"):
                raise RuntimeError("not implemented for 'BFloat16'")
            return super().forward(x)

    monkeypatch.setattr("helpers.networks.tried.native_precision", lambda device: torch.bfloat16)
    drawn = visualize(3, of(Stubborn()), **QUICK | dict(precision="auto"))
    assert drawn.images.isfinite().all()
    assert capsys.readouterr().out.count("half of the bits will not do") == 1


def wide() -> nn.Module:
    """Depthwise convolutions 7 pixels wide, as ConvNeXt has them."""
    layers = [nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 7, padding=3, groups=8), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(8, 10))


@pytest.mark.parametrize(
    "make, half", [(own.Plain, True), (partial(mobilenet_v3_small, num_classes=10), False), (wide, True)]
)
def test_a_processor_runs_mobile_networks_in_all_their_bits(monkeypatch, make, half):
    """Depthwise convolutions take it up to twice as long in half of the bits."""
    monkeypatch.setattr("helpers.networks.tried.native_precision", lambda device: torch.bfloat16)
    assert of(make()).fastest_precision() == (torch.bfloat16 if half else None)


def test_of_those_who_take_turns_each_runs_in_what_is_fastest_for_it(monkeypatch, squeezenet):
    monkeypatch.setattr("helpers.networks.tried.native_precision", lambda device: torch.bfloat16)
    lite, seen = load_network("efficientnet_lite0"), []
    for network in (squeezenet, lite):
        plain = network.activations

        def noted(images, layers, precision=None, network=network, plain=plain):
            if torch.is_grad_enabled() and images.requires_grad:
                seen.append((network.name, precision))
            return plain(images, layers, precision)

        monkeypatch.setattr(network, "activations", noted)
    visualize(3, [squeezenet, lite], **QUICK | dict(precision="auto", steps=2))
    assert seen == [("squeezenet1_1", torch.bfloat16), ("efficientnet_lite0", None)] * 2


def test_torch_s_defaults_are_the_reader_s_own_affair(squeezenet):
    expected = visualize("tabby", squeezenet, **QUICK).images
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(visualize("tabby", squeezenet, **QUICK).images, expected)
        torch.set_default_dtype(torch.float32)
        torch.set_default_device("meta")
        assert torch.equal(visualize("tabby", squeezenet, **QUICK).images, expected)
        assert second_opinion(expected, "tabby", squeezenet).names == ["tabby"]
        frequencies, power = power_spectrum(expected)
        assert power.isfinite().all() and frequencies.device == power.device == torch.device("cpu")
        low, high = bootstrap(torch.linspace(0, 1, 9, device="cpu"))
        assert 0 < low < 0.5 < high < 1
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)


def test_a_network_of_one_size():
    network = of(own.Cifar())
    assert network.size == 32 and network.channels("fc1") == 20
    for objective in ("c3", channel("fc1", 3), unit("conv1", 2), layer("conv1")):
        assert visualize(objective, network, **QUICK | dict(size=32)).images.shape == (1, 3, 32, 32)
    with pytest.raises(ValueError, match="Mine does not take 224×224 pixels: try 32×32"):
        visualize("c3", network, **QUICK | dict(size=224))
    with pytest.raises(ValueError, match="try 32×32"):
        visualize(channel("conv1", 3), network, **QUICK) and visualize(channel("fc1", 3), network, **QUICK)


def test_a_judge_is_shown_its_own_size():
    drawn = visualize("c3", of(own.Plain()), **QUICK)
    opinion = second_opinion(drawn, "c3", judge=Network(own.Cifar(), "judge", "Judge", own.CLASSES))
    assert opinion.rank.shape == (1,) and "not known" in opinion.summary()


def test_tokens_are_places(capsys):
    network = of(own.Tokens())
    assert network.channels("block") == 12 and network.channels("patches") == 12
    acts = network.activations(IMAGES, ["block"])["block"]
    assert acts.shape == (2, 64, 12)
    scores = channel("block", 5).bind(network).of(network, IMAGES)
    torch.testing.assert_close(scores, acts[..., 5].mean(dim=1))
    torch.testing.assert_close(layer("block").bind(network).of(network, IMAGES), acts.square().mean(dim=(1, 2)))


@pytest.mark.parametrize(
    "how, options",
    [
        (lambda logits, f: {"out": logits}, {}),
        (lambda logits, f: {"logits": logits, "hidden": f}, {}),
        (lambda logits, f: own.Output(logits, f), {}),
        (lambda logits, f: (logits,), {}),
        (lambda logits, f: (f, logits), {"logits": 1}),
        (lambda logits, f: {"y": logits, "f": f}, {"logits": "y"}),
        (lambda logits, f: own.Slots(logits, f), {"logits": "scores"}),
        (lambda logits, f: own.Property(f, logits), {}),
        (lambda logits, f: logits[:, :, None, None].expand(-1, -1, 4, 4), {}),
        (lambda logits, f: {"heads": {"logits": logits, "f": f}, "f": f}, {"logits": "heads"}),
        (lambda logits, f: ((logits,), f), {"logits": 0}),
    ],
    ids=[
        *("out", "dict", "dataclass", "tuple of one", "by index", "by key", "slots", "property", "at every place"),
        *("in a dict", "in a tuple"),
    ],
)
def test_logits_are_found_in_what_a_network_gives(how, options):
    core = own.Answers(how)
    torch.testing.assert_close(of(core, **options)(IMAGES), truth(own.Plain()))


def test_logits_that_are_not_plain_to_see_are_asked_for():
    with pytest.raises(TypeError, match=r"gives a tuple.*say where they are"):
        of(own.Answers(lambda logits, f: (f, logits)))
    with pytest.raises(TypeError, match="not plain to see at 'y'"):
        of(own.Answers(lambda logits, f: {"x": logits}), logits="y")


def test_images_that_do_not_come_first_are_told():
    with pytest.raises(ValueError, match=r"\(64, 1, 10\) for 1 image, where logits are \(images, classes\)"):
        of(own.TimeFirst(mean=False))
    for network in (of(own.TimeFirst(), size=64), of(own.ImageByImage(), size=64)):
        inner = "block" if hasattr(network.core, "block") else "c1"
        assert network(IMAGES).shape == (2, 10)
        with pytest.raises(ValueError, match="to 2 images, which are to come first"):
            network.channels(inner)


def test_a_network_for_one_image_at_a_time_is_asked_for_its_channels():
    core = own.Plain()
    core.forward = lambda x: own.Plain.forward(core, x.view(1, 3, 64, 64))
    assert of(core, size=64).channels("c1") == 8


@pytest.mark.parametrize("asked", [("c1", 8), ("c1", -1), ("relu", 8), ("relu", -3), ("logits", 10), ("logits", -1)])
def test_a_channel_that_there_is_not_is_told(asked):
    network = of(own.Twice())
    with pytest.raises(LookupError, match=f"Mine has no channel {asked[1]} in {asked[0]}"):
        network.activations(IMAGES, asked)


def test_a_forward_that_was_replaced_for_all_is_not_narrowed(monkeypatch):
    real = nn.Conv2d.forward
    monkeypatch.setattr(nn.Conv2d, "forward", lambda conv, x: real(conv, x) - conv.weight.mean())
    network = of(own.Plain())
    whole = network.activations(IMAGES, "c1")["c1"]
    torch.testing.assert_close(network.activations(IMAGES, ("c1", 5))["c1", 5], whole[:, 5:6])


def test_what_has_no_real_channels_is_told():
    class Waves(own.Plain):
        def __init__(self):
            super().__init__()
            self.waves, self.rows, self.fc = nn.Identity(), nn.Conv1d(3, 6, 3), nn.Linear(6 * 30, 10)

        def forward(self, x):
            return self.fc(self.rows(self.waves(torch.fft.fft2(x)).abs().mean(2)).flatten(1))  # of one size alone

    network = of(Waves(), size=32)
    with pytest.raises(TypeError, match="'waves' of Mine gives complex numbers"):
        layer("waves").bind(network)
    with pytest.raises(ValueError, match=r"rows of Mine answers \(2, 6, 30\).*as many at every size"):
        channel("rows", 3).bind(network)


@pytest.mark.parametrize("made", [nn.Flatten(2), nn.Sequential(nn.Flatten(2), nn.MaxPool1d(2))])
def test_rows_of_a_network_of_one_size_are_not_taken_for_tokens(made):
    class Rows(own.Plain):
        def __init__(self):
            super().__init__()
            self.made, self.fc = made, nn.LazyLinear(10)
            self(torch.zeros(1, 3, 32, 32))

        def forward(self, x):
            return self.fc(self.made(self.c1(x)).flatten(1))

    path = "made.1" if isinstance(made, nn.Sequential) else "made"
    with pytest.raises(ValueError, match=rf"{path} of Mine answers .*as many at every size"):
        channel(path, 3).bind(of(Rows(), size=32))


def test_rows_that_are_places_of_channels_last_are_tokens():
    class Places(own.Plain):
        def __init__(self):
            super().__init__()
            self.rows = nn.Flatten(1, 2)

        def forward(self, x):
            return self.head(self.rows(self.c2(self.c1(x)).permute(0, 2, 3, 1)).mean(1))

    network = of(Places(), size=64)
    assert network.channels("rows") == network.channels("c2")


def test_what_a_quantized_layer_gives_is_told_in_ordinary_numbers():
    class Quantizes(own.Plain):
        def forward(self, x):
            return super().forward(self.relu(torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)).dequantize())

    network = of(Quantizes(), size=64)
    torch.testing.assert_close(network.activations(IMAGES, "relu")["relu"], IMAGES, atol=0.06, rtol=0)
    with pytest.raises(ValueError, match="does not depend on the image.*a rounding"):
        visualize(layer("relu"), network, **QUICK)


def test_questions_move_nothing_though_it_trains(monkeypatch):
    """Averages of BatchNorm, which evaluation mode leaves alone, and torch's generators."""

    class Both(own.Moody, own.MonteCarlo):
        def features(self, x):
            return F.dropout(self.norm(self.c2(self.c1(x))).mean((2, 3)), 0.5, training=True)

        forward = own.MonteCarlo.forward

    monkeypatch.setattr("helpers.networks.tried.native_precision", lambda device: torch.bfloat16)
    before, core = torch.get_rng_state(), Both()
    network = of(core).train()
    assert network.size == 224 and network.channels("c1") == 8 and network.layer_shapes(32)["c1"] == (8, 32, 32)
    assert network.takes(32, 32) and network.fastest_precision() == torch.bfloat16
    assert torch.equal(torch.get_rng_state(), before) and core.norm.num_batches_tracked == 0
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
def test_a_number_of_another_type_is_not_taken_for_the_network_s(kind):
    core = own.Plain().to(kind)
    core.scale = nn.Parameter(torch.ones((), dtype=torch.float64))  # as CLIP's, the first of its parameters
    assert [*core.parameters()][0] is core.scale and of(core).dtype == kind
    assert of(core).activations(IMAGES, "c1")["c1"].dtype == kind


def test_a_layer_may_be_called_logits():
    core = own.Plain()
    core.logits, core.head = core.head, core.aux
    core.forward = lambda x: core.logits(core.features(x))
    network = Network(core, "mine", "Mine")
    assert torch.equal(network.activations(IMAGES, "logits")["logits"], core(IMAGES))
    assert network.channels("logits") == 10 and "logits" in network.layers


def test_a_network_that_changed_between_pass_and_gradient_says_so():
    core, images = own.Plain(), nn.Parameter(IMAGES.clone())
    network = of(core)
    loss = network(images).sum()
    with torch.no_grad():
        core.head.weight.mul_(2)  # by a training loop in another thread
    with pytest.raises(RuntimeError, match="let no other thread train .* while it draws"):
        network.backward(loss, [images])


def test_few_classes():
    core = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert len(Network(core, "m", "M", ["cat", "dog"]).top(IMAGES)[0]) == 2
    one = nn.Sequential(nn.Conv2d(3, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(0))  # (B,), as binary classifiers give
    drawn = visualize("dog", Network(one, "m", "M", ["dog"]), **QUICK)
    assert drawn.final.shape == (1,)
    assert Network(own.Plain(), "m", "M", range(10)).classes == [*"0123456789"]
    assert Network(own.Plain(), "m", "M", dict(enumerate(own.CLASSES))).classes == own.CLASSES
    with pytest.raises(ValueError, match="10 logits, but 12 classes"):
        Network(own.Plain(), "m", "M", range(12))
    with pytest.raises(ValueError, match="0 to 1"):
        Network(core, "m", "M", {1: "cat", 2: "dog"})


def test_classes_may_be_given_as_data_sets_give_them():
    by_name = {name: index for index, name in enumerate(own.CLASSES)}  # ImageFolder.class_to_idx
    by_digits = {str(index): name for index, name in enumerate(own.CLASSES)}  # from a JSON file
    for classes in (by_name, by_digits):
        assert Network(own.Plain(), "m", "M", classes).classes == own.CLASSES
    with pytest.raises(TypeError, match="a set has none"):
        Network(own.Plain(), "m", "M", set(own.CLASSES))
    for wrong in (10, None, "dog"):
        with pytest.raises(TypeError, match=f"a list or range.* got {wrong!r}"):
            Network(own.Plain(), "m", "M", wrong)


def test_the_probability_of_one_logit_is_its_sigmoid():
    network = Network(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 1, 1), nn.Flatten()), "m", "M", ["dog"])
    logit = network(IMAGES)
    chances = [row[0][1] for row in network.top(IMAGES)]
    torch.testing.assert_close(torch.tensor(chances), logit.sigmoid()[:, 0])
    torch.testing.assert_close(second_opinion(IMAGES, [0] * len(IMAGES), network).probability, logit.sigmoid()[:, 0])
    torch.testing.assert_close(class_probability(0).bind(network).of(network, IMAGES), logit.sigmoid().log()[:, 0])


def test_a_batch_of_one_may_be_squeezed_away():
    core = own.Answers(lambda logits, f: logits.squeeze())
    torch.testing.assert_close(of(core)(IMAGES[:1]), truth(own.Plain())[:1])


@pytest.mark.parametrize("make", [own.Recurrent, own.Attentive], ids=lambda make: make.__name__)
def test_of_several_things_that_a_layer_gives_the_first_is_taken(make):
    core, seen = make().eval(), []
    hook = core.inner.register_forward_hook(lambda m, i, out: seen.append(out[0]))
    core(IMAGES)
    hook.remove()
    network = of(core)
    torch.testing.assert_close(network.activations(IMAGES, "inner")["inner"], seen[0])
    count = network.channels("inner")
    assert count == seen[0].shape[-1]
    torch.testing.assert_close(network.activations(IMAGES, ("inner", 3))["inner", 3], seen[0][..., 3:4])


def test_a_module_under_two_names_is_found_by_both():
    core = own.TwoNames().eval()
    network = of(core)
    first, last = (network.activations(IMAGES, f"c3:{use}")[f"c3:{use}"] for use in (0, 1))
    torch.testing.assert_close(last, network.activations(IMAGES, "grouped")["grouped"])
    assert not torch.allclose(first, last)
    with pytest.raises(LookupError, match="another name of a layer that runs 2 times"):
        network.activations(IMAGES, "c3")


def test_a_pass_inside_of_a_pass_ends_for_itself():
    """A network with one of ours inside: the inner pass ends early, and the outer one goes on."""
    core = own.Nested(of(own.Plain())).eval()
    network = of(core)
    torch.testing.assert_close(network(IMAGES), core(IMAGES))
    expected = of(own.Plain()).activations(IMAGES, "c2")["c2"].mean((2, 3))
    torch.testing.assert_close(network.activations(IMAGES, "head:0")["head:0"], core.head(expected))
    shared = network.activations(IMAGES, "network.core.c2")["network.core.c2"]  # the outer pass ends within the inner
    torch.testing.assert_close(shared.mean((2, 3)), expected)


def test_a_layer_that_no_pass_runs_by_itself_is_told_with_the_nearest_that_does():
    core = own.Plain()
    core.body = nn.Sequential(core.c1, nn.ReLU(), core.c2)
    core.forward = lambda x: core.head(core.body[2](core.body[0](x)).mean((2, 3)))
    with pytest.raises(LookupError, match="has 'body', but .* or one inside it, such as 'body.2'"):
        of(core).activations(IMAGES, "body")
    with pytest.raises(TypeError, match="'c1' of Mine runs inside of torch.vmap; name the layer around that"):
        channel("c1", 3).bind(of(own.OneByOne()))


def test_a_vmap_or_a_gradient_around_the_whole_network_is_no_matter():
    network, inner = of(own.Plain()), of(own.OneByOne(), size=64)
    expected = network.activations(IMAGES, "c1")["c1"]

    def c1(one, network=network):
        return network.activations(one[None], "c1")["c1"][0]

    torch.testing.assert_close(torch.vmap(c1)(IMAGES), expected)
    torch.testing.assert_close(torch.func.jvp(c1, (IMAGES[0],), (IMAGES[0],))[0], expected[0])
    with pytest.raises(TypeError, match="runs inside of torch.vmap"):
        torch.vmap(lambda one: c1(one, inner))(IMAGES)


def test_what_torch_says_on_the_way_back_is_told_in_our_words():
    reentrant = own.Checkpointed()
    reentrant.reentrant = True
    for core, words in ((reentrant, "use_reentrant=False"), (own.Remembers(), "from one pass to the next")):
        with pytest.raises(RuntimeError, match=words):
            visualize(3, of(core, size=64), **QUICK)

    class Recurrent(torch.autograd.Function):  # on a GPU, which there may be none of
        forward = staticmethod(lambda ctx, x: x.sum())

        @staticmethod
        def backward(ctx, outer):
            raise RuntimeError("cudnn RNN backward can only be called in training mode")

    image = nn.Parameter(IMAGES.clone())
    with pytest.raises(RuntimeError, match="Mine has an LSTM.*torch.backends.cudnn.enabled = False"):
        of(own.Plain()).backward(Recurrent.apply(image), [image])


def test_a_score_that_no_gradient_comes_back_from_is_told():
    with pytest.raises(ValueError, match="does not depend on the image"):
        visualize(3, of(own.Detached()), **QUICK)


def test_what_is_computed_again_on_the_way_back_has_its_mode():
    network = of(own.Checkpointed())
    drawn = visualize(3, network, **QUICK)
    torch.testing.assert_close(drawn.images, visualize(3, of(own.Moody()), **QUICK).images)
    with pytest.raises(RuntimeError, match="torch.utils.checkpoint"):
        visualize(channel("c1", 3), network, **QUICK)


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1), (1, 3, 1, 1)])
def test_a_mean_may_have_the_shape_in_which_it_is_used(shape):
    mean = torch.tensor([0.1, 0.2, 0.3])
    assert torch.equal(of(own.Plain(), mean=mean.view(shape)).mean, mean.view(1, 3, 1, 1))


def test_lazy_buffers_are_left_for_the_first_input_of_the_owner_s():
    lazy = nn.LazyBatchNorm2d(affine=False)
    with pytest.raises(ValueError, match="does not know the shape of 1.running_mean yet"):
        of(nn.Sequential(nn.Conv2d(3, 10, 3), lazy, nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    assert type(lazy) is nn.LazyBatchNorm2d


@pytest.mark.parametrize("images", [IMAGES.numpy(), [IMAGES], None])
def test_images_that_are_no_tensor_are_told(images):
    with pytest.raises(TypeError, match=f"takes a float tensor .* got {type(images).__name__}"):
        of(own.Plain())(images)


def test_of_no_images_there_are_no_answers():
    network = of(own.Plain())
    for asked, shape in (("logits", (0, 10)), (("logits", 3), (0, 1)), (("c2", 3), (0, 1, 31, 31))):
        assert network.activations(IMAGES[:0], asked)[asked].shape == shape


@pytest.mark.parametrize(
    "error, words, make",
    [
        (ValueError, "one number for each of R, G and B", lambda: of(own.Plain(), mean=None)),
        (ValueError, "one for all; got 'imagenet'", lambda: of(own.Plain(), mean="imagenet")),
        (TypeError, "a Network is made from", lambda: of([1, 2])),
        (ValueError, "run it once", lambda: of(nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten()))),
        (LookupError, r"layers\['first'\] is 'C1'.*did you mean 'c1'", lambda: of(own.Plain(), layers={"first": "C1"})),
        (ValueError, "a positive number", lambda: of(own.Plain(), std=0.0)),
        (ValueError, "runs on no size that was tried.*48", lambda: of(own.Fixed(41)).size),
    ],
)
def test_what_cannot_be_drawn_is_told_when_it_is_wrapped(error, words, make):
    with pytest.raises(error, match=words):
        make()


def test_a_compiled_network_is_asked_for_its_layers(monkeypatch):
    core = torch.compile(own.Plain(), backend="eager")
    network = Network(core, "m", "M", own.CLASSES)
    torch.testing.assert_close(network(IMAGES), truth(own.Plain()))
    plain = of(own.Plain())
    found = network.activations(IMAGES, ("_orig_mod.c2", 3))["_orig_mod.c2", 3]
    torch.testing.assert_close(found, plain.activations(IMAGES, ("c2", 3))["c2", 3])


def test_a_scripted_network_has_logits_and_says_that_it_has_no_layers():
    core = own.scripted()
    network = of(core)
    torch.testing.assert_close(network(IMAGES), core(IMAGES))
    assert visualize(3, network, **QUICK).images.isfinite().all()
    with pytest.raises(LookupError, match="scripted, and runs no hooks"):
        network.activations(IMAGES, "0")


def test_objectives_ask_for_no_more_than_they_need(squeezenet):
    assert class_logit("Pomeranian").bind(squeezenet).layers == (("logits", 259),)
    both = per_image([channel("fire3", 5), unit("fire3", 70)]).bind(squeezenet)
    assert both.layers == (("fire3", 5), ("fire3", 70))
    acts = squeezenet.activations(IMAGES, "fire3")["fire3"]
    expected = torch.stack([acts[0, 5].mean(), acts[1, 70, 7, 7]])
    torch.testing.assert_close(both.of(squeezenet, IMAGES), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(both.score({"fire3": acts}), expected)  # from all of the layer, too


def test_an_ensemble_gives_the_mean_of_one_logit(squeezenet):
    both = together([squeezenet, squeezenet.without_normalization()])
    assert [member.title for member in both.members] == ["SqueezeNet 1.1"] * 2 and squeezenet.members == [squeezenet]
    alone = both.activations(IMAGES, ("logits", 259))["logits", 259]
    torch.testing.assert_close(alone, both(IMAGES)[:, 259:260], rtol=1e-4, atol=1e-5)


def test_in_training_mode_dropout_drops(squeezenet):
    network = copy.deepcopy(squeezenet)

    def answers(precision) -> int:
        looks = [network.activations(IMAGES[:1], "logits", precision=precision)["logits"] for _ in range(4)]
        return len({logits[0, 5].item() for logits in looks})

    for precision in (None, torch.bfloat16):
        network.train()
        assert answers(precision) > 1
        network.eval()
        assert answers(precision) == 1


def test_a_name_with_brackets_is_led_to_the_right_one(squeezenet):
    for asked in (channel("features[3]", 5), layer("features[3]"), channel(3, 5)):
        with pytest.raises(LookupError, match="has no layer"):
            visualize(asked, squeezenet, **QUICK)
    with pytest.raises(LookupError, match="did you mean 'features.3'"):
        squeezenet.find_layer("features[3]")
    with pytest.raises(LookupError, match="did you mean 'features.3'"):
        layer(squeezenet.core.features[3]).bind(squeezenet)


def test_of_many_layers_some_are_told():
    with pytest.raises(LookupError, match="has no layer 'xyz'; it has conv1, .*, layer3.0.bn2, …: see network.layers$"):
        of(resnet18(num_classes=10), size=64).find_layer("xyz")


def test_the_original_recipe_climbs_the_head_that_is_returned():
    core = own.AuxiliaryHead()
    drawn = maximal_class_input(3, 2, network=of(core), size=64, progress=False)
    torch.testing.assert_close(drawn.final, truth(core, drawn.raw)[:, 3])


def of_one_size() -> Network:
    """A network whose classifier takes 32×32 pixels and nothing else; its convolutions take anything."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        core = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 32 * 32, 10))
    return of(core, size=32)


def test_layers_answer_at_any_size_though_the_classifier_takes_one():
    network, wide = of_one_size(), torch.rand(1, 3, 40, 56)
    assert torch.equal(network.activations(wide, "0")["0"], network.core[0](wide))
    assert deep_dream(wide, network, "1", octaves=1, steps=2, progress=False).images.shape == wide.shape
    with pytest.raises(ValueError, match="does not take 40×56 pixels: try 32×32"):
        network(wide)


def test_a_network_of_gray_pictures_is_told_what_it_wants():
    core = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    with pytest.raises(ValueError, match=r"put v2\.Grayscale\(\)"):
        of(core, size=32)
    gray = of(nn.Sequential(v2.Grayscale(), core), size=32)
    assert visualize([channel("1.0", 1), "c3"], gray, steps=2, size=32, progress=False).scores.isfinite().all()


def test_a_network_of_one_size_draws_a_poster_behind_a_resize():
    core, shown = of_one_size().core, []
    network = of(nn.Sequential(v2.Resize([32, 32]), core), size=32)
    network.core.register_forward_pre_hook(lambda _, given: shown.append(given[0].shape[-1]))
    assert poster("c3", network, size=80, first=32, steps=1, touches=2, progress=False).images.shape[-1] == 80
    assert 288 not in shown, "it was trained on 32 pixels: windows of that size, or its shapes come out small"
