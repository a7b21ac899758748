"""Two tiny convolutional networks: which patches are text and how it lies, and which lines stand on their heads.

Two convolutions and a linear layer each; seven and fourteen thousand weights, learnt from drawn pages by
`kantu.training.upright`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]

PATCHES, LINES = "patches.npz", "lines.npz"
_BATCH = 128  # images whose intermediate results stay in the processor's cache


def axis_of(patches: npt.NDArray[np.uint8]) -> Floats:
    """Probabilities [patches, 3] that each of the patches is text along the rows, text along the columns, no text."""
    logits = compute(_weights(PATCHES), normalized(patches))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = odds / odds.sum(axis=1, keepdims=True)
    return probabilities


def is_flipped(lines: npt.NDArray[np.uint8]) -> Floats:
    """Probabilities [lines] that pieces of lines (see `lines.Lines`) stand on their heads."""
    odds = np.exp(compute(_weights(LINES), normalized(lines))[:, 0])
    probabilities: Floats = odds / (1 + odds)
    return probabilities


def normalized(images: npt.NDArray[np.uint8]) -> Floats:
    """Grey images with mean 0 and deviation 1, the rarer of ink and paper positive, whichever is darker."""
    values = images.reshape(len(images), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.sqrt(np.einsum("ij,ij->i", values, values) / values.shape[1])[:, None] + 4
    skew = np.einsum("ij,ij,ij->i", values, values, values)
    values *= np.where(skew < 0, np.float32(-1), np.float32(1))[:, None]
    return values.reshape(images.shape)


def compute(weights: Weights, images: Floats) -> Floats:
    """The outputs of a network for normalised images [n, height, width]; `training.upright.StrokeNetwork` is the same
    where it can learn."""
    outputs = np.empty((len(images), len(weights["out.bias"])), np.float32)
    for start in range(0, len(images), _BATCH):
        batch = slice(start, start + _BATCH)
        hidden = _convolve(images[batch, :, :, None], weights["c1.weight"], weights["c1.bias"])
        hidden = _convolve(hidden, weights["c2.weight"], weights["c2.bias"])
        outputs[batch] = hidden.reshape(len(hidden), -1) @ weights["out.weight"] + weights["out.bias"]
    return outputs


def _convolve(images: Floats, kernel: Floats, bias: Floats) -> Floats:
    """Convolution with stride 2 and rectification: [n, h, w, in], [k, k, in, out] -> [n, (h-k)/2+1, (w-k)/2+1, out]."""
    count, height, width, channels = images.shape
    side, _, _, out = kernel.shape
    rows, columns = (height - side) // 2 + 1, (width - side) // 2 + 1
    windows = np.empty((count, rows, columns, side, side, channels), np.float32)
    for row in range(side):
        for column in range(side):
            below, right = slice(row, row + 2 * rows - 1, 2), slice(column, column + 2 * columns - 1, 2)
            windows[:, :, :, row, column] = images[:, below, right]
    product = windows.reshape(-1, side * side * channels) @ kernel.reshape(-1, out)
    product += bias
    return np.maximum(product, 0, out=product).reshape(count, rows, columns, out)


@cache
def _weights(name: str) -> Weights:
    with (files(__package__) / name).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}
