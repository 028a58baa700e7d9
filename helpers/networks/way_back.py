"""Why a gradient does not come back from a network to the image, in a sentence."""

from __future__ import annotations

# What torch says on the way back, or its error's name, and what it means here, with the network's title.
NO_WAY_BACK = {
    "CheckpointError": "{} computes what was asked for again on the way back (torch.utils.checkpoint), which a pass "
    "that ended there does not allow: name the layer around it, or switch checkpointing off",
    "use_reentrant": "{} computes some of its layers again on the way back in a way that leads to no image: let its "
    "torch.utils.checkpoint have use_reentrant=False, or switch checkpointing off",
    "cudnn RNN backward": "{} has an LSTM, GRU or RNN, through which cuDNN finds no way back in evaluation mode: set "
    "torch.backends.cudnn.enabled = False, and torch itself does",
    "backward through the graph a second time": "{}, or what it is asked, keeps something from one pass to the next, "
    "such as a state or a cache: let each pass begin anew, or keep it after detach()",
    "modified by an inplace operation": "something needed on the way back was written over: let no other thread train "
    "{} while it draws, and look for in-place operations in its code, in views and in objectives",
}


def explain(error: RuntimeError, title: str) -> None:
    """Raise ``RuntimeError`` with a sentence for what torch says of the way back, if it is one that is known here."""
    told = f"{type(error).__name__}: {error}"
    for part, sentence in NO_WAY_BACK.items():
        if part in told:
            raise RuntimeError(sentence.format(title)) from error


def no_gradient(title: str) -> str:
    """What there is to say where a score does not depend on the image."""
    return (
        "the score does not depend on the image: look for no_grad(), inference_mode(), detach(), a rounding or a "
        f"checkpoint with use_reentrant=True in the code of {title}"
    )
