"""Films as files: MP4 where there is an encoder, GIF everywhere."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..basics.files import save_whole
from .pictures import as_frame, frames_of, picture


def save_film(frames: Any, path: str | os.PathLike[str], fps: float = 24, *, i: int = 0, quality: int = 8) -> Path:
    """Save a film as an MP4 file (H.264, which every browser plays) or as a GIF; whole or not at all.

    Args:
        frames: a Result that kept frames; or images, of floats in [0, 1] or bytes, (F, 3, H, W) or a list of
            (3, H, W).
        path: where to; ends in ".mp4" or ".gif". Missing folders are made.
        fps: frames per second, above 0 and up to 120 (50 for a GIF).
        i: which image of a Result's batch.
        quality: of an MP4, from 0 to 10; 8 is hard to tell from the original.

    Returns:
        The path. Since H.264 wants even sides, an odd width or height has its last column or row shown twice.

    Raises:
        ValueError: no frames, not RGB, not of one size, fps or quality out of range, or another ending.
        RuntimeError: an MP4 without an encoder; the message says what to install.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() == ".gif":
        return save_gif(frames, path, fps, i=i)
    if path.suffix.lower() != ".mp4":
        raise ValueError(f"expected a path that ends in .mp4 or .gif, such as 'dream.mp4', got {str(path)!r}")
    if not 0 < fps <= 120:
        raise ValueError(f"fps: expected a number above 0 and up to 120, such as 24, got {fps}")
    if not 0 <= quality <= 10:
        raise ValueError(f"quality: expected a number from 0 to 10, got {quality}")
    return save_whole(path, ".mp4", _encode(_one_or_more(frames, i), fps, quality))


def _one_or_more(frames: Any, i: int) -> Any:
    """The frames themselves, of a Result those of its image ``i``."""
    frames = frames_of(frames, i) if hasattr(frames, "frames") else frames
    if len(frames) == 0:
        raise ValueError("there are no frames: expected one image or more")
    return frames


def _encode(frames: Any, fps: float, quality: int) -> bytes:
    """The bytes of an MP4 file. One frame at a time is held as bytes."""
    ffmpeg = _encoder()
    height, width = _even(as_frame(frames[0], 0)).shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "film.mp4"
        options = dict(fps=float(fps), quality=quality, macro_block_size=1, output_params=["-movflags", "+faststart"])
        with contextlib.closing(ffmpeg.write_frames(str(made), (width, height), **options)) as writer:
            writer.send(None)
            for k in range(len(frames)):
                frame = _even(as_frame(frames[k], k))
                if frame.shape[:2] != (height, width):
                    raise ValueError(f"expected frames of one size, {width}×{height}; frame {k} differs from the first")
                writer.send(frame.numpy().tobytes())
        return made.read_bytes()


def _even(frame: Tensor) -> Tensor:
    """A frame (3, H, W) in [0, 1] as bytes (H, W, 3), its last row and column doubled where their number is odd."""
    height, width = frame.shape[1:]
    frame = torch.nn.functional.pad(frame[None], (0, width % 2, 0, height % 2), mode="replicate")[0]
    return (frame * 255).round().byte().permute(1, 2, 0).contiguous()


def _encoder() -> Any:
    """The module that drives ffmpeg, or what to do without it."""
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(
            "an MP4 needs an encoder: run `pip install imageio-ffmpeg` (it brings ffmpeg along) and try again; "
            "or save the film as a .gif, which needs nothing"
        ) from error
    return imageio_ffmpeg


def save_gif(frames: Any, path: str | os.PathLike[str], fps: float = 12, *, i: int = 0) -> Path:
    """Save a film as a GIF file that repeats for ever and rests on its last frame; whole or not at all.

    Args:
        frames: a Result that kept frames; or images, of floats or bytes, (F, 3, H, W) or a list of (3, H, W).
        path: where to; ends in ".gif". Missing folders are made.
        fps: frames per second, above 0 and up to 50 (browsers slow down faster ones).
        i: which image of a Result's batch.

    Returns:
        The path.

    Raises:
        ValueError: if there are no frames, they are not RGB, or fps is out of range.
    """
    if not 0 < fps <= 50:
        raise ValueError(f"fps: expected a number above 0 and up to 50, such as 12, got {fps}")
    pictures = [picture(as_frame(frame, k)) for k, frame in enumerate(_one_or_more(frames, i))]
    if len({one.size for one in pictures}) > 1:
        raise ValueError(f"expected frames of one size, got {sorted({one.size for one in pictures})}")
    pause = 10 * max(2, round(100 / fps))
    memory = io.BytesIO()
    pauses = [pause] * (len(pictures) - 1) + [max(pause, 1500)]
    pictures[0].save(memory, "GIF", save_all=True, append_images=pictures[1:], duration=pauses, loop=0)
    return save_whole(path, ".gif", memory.getvalue())
