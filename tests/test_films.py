"""Films as files, and posters: the right number of frames, the right size, nothing half written."""

from __future__ import annotations

import sys

import pytest
import torch
from PIL import Image
from stopping import stopped

from helpers import Fourier, channel, class_logit, visualize
from helpers.dream.poster import enlarge, poster, stage_sizes, windows
from helpers.show.films import save_film


def moving(count: int = 7, height: int = 48, width: int = 64) -> torch.Tensor:
    """A white bar that walks over black: (count, 3, height, width)."""
    frames = torch.zeros(count, 3, height, width)
    for k in range(count):
        frames[k, :, :, 8 * k : 8 * k + 8] = 1
    return frames


def read(path) -> tuple[torch.Tensor, float]:
    """The frames (F, H, W, 3) and the frame rate of an MP4."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    reader = ffmpeg.read_frames(str(path))
    facts = next(reader)
    width, height = facts["size"]
    frames = [torch.frombuffer(bytearray(data), dtype=torch.uint8).view(height, width, 3) for data in reader]
    return torch.stack(frames), facts["fps"]


# --- films ---


@pytest.mark.parametrize(("height", "width"), [(48, 64), (47, 63), (50, 70)])
def test_an_mp4_has_the_frames_in_order_and_at_their_size(tmp_path, height, width):
    pytest.importorskip("imageio_ffmpeg")
    path = save_film(moving(7, height, width), tmp_path / "deep" / "film.mp4", fps=10)
    frames, fps = read(path)
    assert frames.shape == (7, height + height % 2, width + width % 2, 3) and fps == 10
    for k, frame in enumerate(frames):
        bright = frame.float().mean(dim=(0, 2))
        assert bright[8 * k + 2 : 8 * k + 6].min() > 200, f"the bar is not where frame {k} has it"
        assert bright[: max(0, 8 * k - 4)].sum() == pytest.approx(0, abs=200)
    assert [p.name for p in path.parent.iterdir()] == ["film.mp4"]


def test_a_result_or_bytes_make_the_same_film(small, tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    result = visualize(["dog", "cat"], small, steps=4, size=32, frames=3, progress=False)
    of_result = save_film(result, tmp_path / "a.mp4", i=1).read_bytes()
    assert of_result == save_film(result.frames[:, 1], tmp_path / "b.mp4").read_bytes()
    assert of_result != save_film(result, tmp_path / "c.mp4", i=0).read_bytes()


def test_without_an_encoder_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(RuntimeError, match=r"pip install imageio-ffmpeg.*\.gif"):
        save_film(moving(), tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())
    path = save_film(moving(), tmp_path / "film.gif", fps=10)
    with Image.open(path) as film:
        assert film.n_frames == 7 and film.size == (64, 48)


def test_film_mistakes(small, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.mp4 or \.gif"):
        save_film(moving(), tmp_path / "film.avi")
    with pytest.raises(ValueError, match="up to 120"):
        save_film(moving(), tmp_path / "film.mp4", fps=0)
    with pytest.raises(ValueError, match="from 0 to 10"):
        save_film(moving(), tmp_path / "film.mp4", quality=11)
    with pytest.raises(ValueError, match="no frames"):
        save_film([], tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="kept no frames"):
        save_film(visualize("dog", small, steps=1, size=16, progress=False), tmp_path / "film.mp4")
    pytest.importorskip("imageio_ffmpeg")
    with pytest.raises(ValueError, match="frame 1 differs"):
        save_film([torch.zeros(3, 32, 32), torch.zeros(3, 32, 34)], tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="frame 1"):
        save_film([torch.zeros(3, 32, 32), torch.full((3, 32, 32), 7.0)], tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())


# --- posters ---


@pytest.mark.parametrize(("old", "new"), [(32, 64), (32, 96), (33, 66), (33, 99)])
def test_an_enlarged_picture_agrees_where_the_grids_meet(old, new):
    images = Fourier(old, batch=2, std=1.0)().detach()
    larger = enlarge(images, new)
    assert larger.shape == (2, 3, new, new)
    every = new // old
    assert torch.allclose(larger[..., ::every, ::every], images, atol=1e-5)


def test_enlarging_adds_no_frequency():
    larger = enlarge(Fourier(32, std=1.0)().detach(), 128).logit()
    spectrum = torch.fft.fft2(larger).abs()
    frequency = torch.fft.fftfreq(128).abs()
    fine = (frequency[:, None] > 16.5 / 128) | (frequency[None, :] > 16.5 / 128)
    assert spectrum[..., fine].max() < 1e-4 * spectrum.max()


def test_windows_show_what_is_there_at_the_size_asked_for():
    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, 200).expand(1, 3, 200, 200)
    for _ in range(20):
        seen = windows(0.3, 0.9, 64)(ramp)
        assert seen.shape == (1, 3, 64, 64)
        rise = (seen[0, 0, 0, -1] - seen[0, 0, 0, 0]).item()
        assert 0.27 < rise < 0.93
    beyond = windows(1.5, 1.5, 90)(torch.ones(1, 3, 60, 60))
    assert (beyond > 0.99).float().mean().item() == pytest.approx(1 / 1.5**2, abs=0.05)
    assert beyond.min() == 0.5


def test_sizes_of_stages():
    assert stage_sizes(1024, 256) == [256, 512, 1024]
    assert stage_sizes(1000, 256) == [256, 512, 1000] and stage_sizes(256, 256) == [256]
    for size, first in ((200, 256), (256, 0)):
        with pytest.raises(ValueError, match=f"cannot begin with {first}"):
            stage_sizes(size, first)


def test_a_poster_is_the_first_drawing_gone_over(squeezenet):
    drawn = visualize("Pomeranian", squeezenet, steps=8, size=64, progress=False)
    result = poster("Pomeranian", squeezenet, size=160, first=64, steps=8, touches=4, frames=2, progress=False)
    assert result.images.shape == (1, 3, 160, 160) and result.scores.shape == (16, 1) and result.steps == 16
    assert result.frames.shape == (6, 1, 3, 160, 160) and result.frame_steps == [0, 8, 8, 12, 12, 16]
    kept = torch.corrcoef(torch.stack([result.images.flatten(), enlarge(drawn.images, 160).flatten()]))[0, 1]
    assert 0.7 < kept < 0.999, "gone over, but the same drawing"
    assert "16 steps" in result.caption() and not result.interrupted
    assert torch.equal(result.again().images, result.images)
    from helpers import load_network  # noqa: F401  the line calls it

    assert torch.equal(eval(result.code).images, result.images)


def test_ctrl_c_keeps_the_poster_so_far_at_its_size(squeezenet):
    pressed = []

    def press(step, images, scores):
        pressed.append(step)
        if len(pressed) == 6:
            raise KeyboardInterrupt

    options = dict(size=256, first=64, steps=4, touches=3, callbacks=[press], progress=False)
    result = stopped(lambda: poster(class_logit("hen"), squeezenet, **options))
    assert result.images.shape == (1, 3, 256, 256) and result.scores.shape == (6, 1)
    assert result.made_by.function is poster and "6 of 10 steps" in result.caption()


def test_ctrl_c_at_the_last_step_of_a_size_ends_the_poster(squeezenet):
    def press(step, images, scores):
        if step == 3:
            raise KeyboardInterrupt

    options = dict(size=128, first=64, steps=4, touches=3, progress=False)
    result = stopped(lambda: poster(class_logit("hen"), squeezenet, callbacks=[press], **options))
    assert result.scores.shape == (4, 1) and "4 of 7 steps" in result.caption()


@pytest.mark.parametrize("option", ["views", "schedule", "optimizer", "finish"])
def test_a_poster_says_at_once_what_it_sets_itself(small, option):
    with pytest.raises(ValueError, match=f"{option} of its own"):
        poster("dog", small, **{option: None})


def test_ctrl_c_between_two_sizes_keeps_the_poster_so_far(squeezenet, monkeypatch):
    def press(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Fourier, "photo", press)
    options = dict(size=128, first=64, steps=4, touches=3, progress=False)
    result = stopped(lambda: poster(class_logit("hen"), squeezenet, **options))
    assert result.images.shape == (1, 3, 128, 128) and "4 of 7 steps" in result.caption()


def test_a_poster_of_a_feature_map(convolutions):
    result = poster(channel("relu3_1", 7), convolutions, size=96, first=64, steps=2, touches=2, progress=False)
    assert result.images.shape == (1, 3, 96, 96) and result.code == ""
