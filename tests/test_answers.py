"""The checks' shared coercion and caller: any right type is accepted, any misbehavior becomes one sentence."""

import random
import threading
import time
from collections import deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from helpers import Unwritten, Wrong, as_answer, gradient, try_answer

NUMBERS = torch.tensor([1.0, 2.5])
STYLES = {
    "float64": NUMBERS.double(),
    "half": NUMBERS.half(),
    "parameter": nn.Parameter(NUMBERS),
    "array": NUMBERS.numpy(),
    "reversed array": np.array([2.5, 1.0])[::-1],
    "list": [1, 2.5],
    "tuple of 0-d tensors": tuple(NUMBERS),
    "list of mixed": [torch.tensor(1), np.float64(2.5)],
    "not detached": (NUMBERS.clone().requires_grad_() * 1),
    "deque": deque([1, 2.5]),
    "fractions": [Fraction(1), Fraction(5, 2)],
    "sparse": NUMBERS.to_sparse(),
}


@pytest.mark.parametrize("style", STYLES)
def test_a_right_answer_is_taken_in_any_type(style):
    answer = as_answer(STYLES[style], shape=(2,))
    assert answer.dtype == torch.float32 and not answer.requires_grad
    assert torch.equal(answer, NUMBERS)


TENSORS = [torch.tensor(3), torch.tensor([[3.0]]), np.array(3), [3]]


@pytest.mark.parametrize("number", [3, 3.0, np.int64(3), np.float32(3), Fraction(3), Decimal(3), *TENSORS])
def test_a_number_may_come_in_brackets(number):
    assert as_answer(number, shape=()).item() == 3 and as_answer(number, shape=()).shape == ()


def test_brackets_around_one_thing_are_dropped_and_no_others():
    assert as_answer(NUMBERS[None, None], shape=(2,)).shape == (2,)
    assert as_answer(NUMBERS[None], shape=(1, 2)).shape == as_answer(NUMBERS[None]).shape == (1, 2)
    with pytest.raises(Wrong, match="too many|expected"):
        as_answer(NUMBERS[:, None], shape=(2,))


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        (None, {}, "None, expected numbers"),
        ("3", {}, "a str, expected"),
        (True, {}, "a bool"),
        ({1: 2}, {}, "a dict"),
        (lambda: 3, {}, "a function"),
        (torch.tensor(1j), {}, "complex"),
        (1j, {}, "complex"),
        (np.array(["a"]), {}, "expected a tensor of real"),
        ([], {}, "an empty list"),
        ([1, None], {}, "element 1 of it is None"),
        ([NUMBERS, torch.ones(3)], {}, "different shapes"),
        (NUMBERS, {"shape": (1, 2)}, "shape (2,), expected shape (1, 2): is the batch"),
        (torch.ones(3, 2), {"like": NUMBERS}, "a batch dimension too many"),
        (NUMBERS, {"shape": ()}, "expected one number: a sum, a mean or an argmax is missing"),
        (3.0, {"shape": (2,)}, "summed into one number"),
        (NUMBERS, {"shape": (None, 3)}, "expected shape (any, 3)"),
        (torch.ones(2, 3), {"shape": (3, 2)}, "changed places"),
        ([1, float("nan")], {}, "contains NaN"),
        ([1, float("inf")], {}, "contains an infinite value"),
        (NUMBERS, {"differentiable": True}, "has no gradient"),
        (nn.Parameter(NUMBERS), {"differentiable": True}, "has no gradient"),
        (NUMBERS.double().requires_grad_(), {"differentiable": True}, "has no gradient"),
    ],
)
def test_a_wrong_answer_gets_a_sentence(value, expected, said):
    with pytest.raises(Wrong) as caught:
        as_answer(value, name="it", **expected)
    assert said in str(caught.value)
    assert caught.value._render_traceback_() == [f"Not yet: {caught.value}"]


def test_a_gradient_flows_where_it_is_wanted_and_nan_where_it_may():
    x = NUMBERS.double().requires_grad_()
    as_answer([x[0] * 2, x[1]], differentiable=True).sum().backward()
    assert x.grad.tolist() == [2, 1]
    assert as_answer([float("nan")], finite=False).isnan().all()
    assert as_answer(0.1, dtype=torch.float64).item() == 0.1


def test_what_was_computed_in_inference_mode_can_be_differentiated_with():
    with torch.inference_mode():
        answer = NUMBERS * 2
    x = NUMBERS.clone().requires_grad_()
    (as_answer(answer) * x).sum().backward()
    assert x.grad.tolist() == [2, 5]


def doubled(x, factor=2):
    return x * factor


def test_what_is_right_comes_back_and_keeps_its_gradient():
    x = NUMBERS.clone().requires_grad_()
    try_answer(doubled, x, factor=3).sum().backward()
    assert x.grad.tolist() == [3, 3]


def in_place(x, **_):
    x += 1
    return x


def into_the_list(x):
    x[0].mul_(2)
    return 1


def other_order(x):
    x.reverse()
    return x


def longer_list(x):
    x.append(1)
    return 1


def with_a_hook(x):
    x[0].register_forward_hook(lambda *_: None)
    return 1


def other_layer(x):
    x[0] = nn.Linear(3, 1)
    return 1


def other_setting(x):
    x[0].track_running_stats = False
    return 1


@pytest.mark.parametrize(
    ("function", "argument", "said"),
    [
        (in_place, NUMBERS, "in_place changed its argument x in place; work on a copy"),
        (in_place, NUMBERS.numpy(), "argument x"),
        (into_the_list, [NUMBERS], "argument x"),
        (longer_list, [1], "argument x"),
        (other_order, [1, 2], "argument x"),
        (lambda x: x.train() and 1, nn.Sequential(nn.Linear(2, 1)).eval(), "train() mode"),
        (lambda x: x.requires_grad_(False) and 1, nn.Linear(2, 1), "requires_grad"),
        (lambda x: nn.init.zeros_(x.bias) + 1, nn.Linear(2, 1), "the numbers of bias"),
        (other_setting, nn.Sequential(nn.BatchNorm1d(2)), "another track_running_stats"),
        (lambda x: x.__setattr__("momentum", None) or 1, nn.BatchNorm1d(2), "another momentum"),
        (lambda x: x.__setattr__("momentum", 0.2) or 1, nn.BatchNorm1d(2, momentum=None), "another momentum"),
        (with_a_hook, nn.Sequential(nn.Linear(2, 1)), "hooks"),
        (other_layer, nn.Sequential(nn.Linear(2, 1)), "the numbers of"),
    ],
)
def test_a_changed_argument_is_noticed_and_the_check_keeps_its_own(function, argument, said):
    before = argument.state_dict() if isinstance(argument, nn.Module) else str(argument)
    with pytest.raises(Wrong, match="work on a copy") as caught:
        try_answer(function, argument)
    assert said in str(caught.value)
    assert isinstance(argument, nn.Module) or str(argument) == before
    try_answer(function, argument, changes=("x",))


def test_what_a_module_notes_for_the_first_time_is_no_change():
    def look(net):
        net.seen = 3
        return 1

    assert try_answer(look, nn.Linear(2, 1)) == 1


def test_watched_modules_are_left_as_they_were():
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).eval().requires_grad_(False)

    def careless():
        network[1].p = 0.0
        network.train().requires_grad_(True)[0].register_forward_hook(lambda *_: None)
        nn.init.zeros_(network[0].weight)
        return 1

    with pytest.raises(Wrong, match="careless left a network other than it was.*train"):
        try_answer(careless, watch=[network])
    assert not any(part.training for part in network.modules()) and not network[0]._forward_hooks
    assert not network[0].weight.requires_grad and network[0].weight.any() and network[1].p == 0.5
    assert try_answer(lambda: network(NUMBERS).sum(), watch=[network]) is not None


def draws():
    return torch.rand(1).item(), np.random.rand(), random.random()


def seed_all():
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)


def test_generators_and_grad_mode_are_left_as_they_were():
    def careless():
        torch.set_grad_enabled(False)
        drawn = draws()
        torch.set_default_dtype(torch.float64)
        return drawn

    seed_all()
    first = try_answer(careless)
    assert first == draws(), "drawing inside an answer moved the generators on"
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32


def endless():
    while True:
        time.sleep(0.01)


def waits_forever():
    threading.Event().wait()


@pytest.mark.parametrize("function", [endless, waits_forever])
def test_what_never_ends_is_given_up(function):
    started = time.monotonic()
    with pytest.raises(Wrong, match=f"{function.__name__} still runs after 0.3 s"):
        try_answer(function, seconds=0.3)
    assert time.monotonic() - started < 3


def test_an_endless_loop_leaves_no_thread_and_works_from_a_thread():
    said = []

    def check():
        try:
            try_answer(endless, seconds=0.2)
        except Wrong as error:
            said.append(str(error))

    thread = threading.Thread(target=check)
    thread.start()
    thread.join(10)
    assert "never ends" in said[0]
    assert not [one for one in threading.enumerate() if one.name == "answer endless"]


def divides():
    return 1 / 0


def stub(x):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: try_answer(divides), "divides stopped with ZeroDivisionError: division by zero, in divides"),
        (lambda: try_answer(lambda: exit()), "SystemExit"),
        (lambda: try_answer(lambda x: x @ x, torch.ones(2, 3), name="product"), "product stopped with RuntimeError"),
        (lambda: try_answer(doubled), "doubled should take the arguments that the task shows: missing"),
        (lambda: try_answer(doubled, 1, lr=3), "unexpected keyword argument 'lr'"),
        (lambda: try_answer(NUMBERS, 1, name="slope"), "slope should be a function and is a Tensor"),
        (lambda: try_answer(lambda x: None, 1, name="slope"), "slope returned None"),
        (lambda: try_answer(nn.Module(), 1, name="net"), "net stopped with NotImplementedError"),
    ],
)
def test_a_sentence_for_whatever_goes_wrong(call, said):
    with pytest.raises(Wrong) as caught:
        call()
    assert said in str(caught.value) and not isinstance(caught.value, Unwritten)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_is_not_written_yet_is_said_so():
    with pytest.raises(Unwritten, match="stub is not written yet"):
        try_answer(stub, 1)
    with pytest.raises(NotImplementedError):
        try_answer(stub, 1)


def test_a_check_inside_an_answer_keeps_its_own_sentence():
    with pytest.raises(Wrong, match="^the inner one$"):
        try_answer(lambda: (_ for _ in ()).throw(Wrong("the inner one")))


def test_nothing_may_be_returned_where_it_may():
    assert try_answer(lambda: None, nothing=True) is None


def test_the_gradient_of_a_score_row_by_row():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    with torch.no_grad():
        assert torch.equal(gradient(lambda x: x.square().sum(dim=1), x), 2 * x)
    assert not x.requires_grad


def test_what_is_not_a_number_is_not_changed_in_place():
    assert try_answer(lambda x: 1, float("nan")) == 1
    assert try_answer(lambda words: 2, np.array(["cat", "dog"])) == 2
    with pytest.raises(Wrong, match="changed its argument words"):
        try_answer(lambda words: words.fill("cow"), np.array(["cat", "dog"]))


def test_a_layer_that_an_answer_adds_or_removes_is_told():
    def add(net):
        net.extra = nn.Linear(1, 1)

    def remove(net):
        del net[1]

    for answer in (add, remove):
        with pytest.raises(Wrong, match="other layers"):
            try_answer(answer, nn.Sequential(nn.Conv2d(3, 2, 1), nn.Linear(2, 2)))
