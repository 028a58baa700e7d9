"""What the checks of the exercises do with a reader's answer, whatever its type and however it behaves.

    x = torch.rand(3, 2)
    answer = try_answer(slope, network, x, lr=0.1)              # calls slope(network, x, lr=0.1) on copies
    answer = as_answer(answer, shape=(3, None), name="slope")   # a float32 tensor on the CPU, of shape (3, any)
    assert torch.allclose(answer, expected, atol=1e-4), "..."   # the check's own sentence

Each problem is an ``AssertionError`` with one sentence (``Wrong``; ``Unwritten`` where nothing is written yet), which a
notebook shows without a traceback. ``try_answer`` calls with copies and compares them afterwards, has a time limit, and
leaves the generators of random numbers, torch's default type and the modules named in ``watch`` as they were: seed
before each call whose draws should differ.
"""

from __future__ import annotations

from .call import try_answer
from .convert import as_answer
from .errors import Unwritten, Wrong, in_words, is_foreign

__all__ = ["Unwritten", "Wrong", "as_answer", "in_words", "is_foreign", "try_answer"]
