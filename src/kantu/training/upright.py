"""The recipe of the two tiny networks of `processing/quality`: they tell which patches are text and how it lies, and
which lines stand on their heads. They learn from drawn pages, worn as people's pictures are, and from textures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import ImageFilter
from torch import Tensor, nn
from torch.nn import functional

from kantu.processing.quality.lines import HEIGHT, WIDTH, find_lines
from kantu.processing.quality.network import LINES, PATCHES, normalized
from kantu.processing.quality.patches import SIDE, find_patches
from kantu.synth.draw import effects
from kantu.synth.families import draw
from kantu.synth.page import Page
from kantu.training.textures import draw_texture

FIRST_SEED = 2_000_000  # of the pages; measuring draws seeds below a million
PAGES = 2400
PATCH_EPOCHS, LINE_EPOCHS = 3, 6
_FAMILIES = {  # how often each is drawn
    **{"reading": 5, "notice": 4, "problem": 4, "phone": 4, "order": 3, "post": 3, "table": 3, "ui": 3},
    **{"invoice": 3, "chat": 3, "glyphs": 3, "product": 2, "chart": 2, "scene": 2, "photo": 2},
}
_TEXTURES = 0.2  # share of pictures that are none
_MOST = (160, 70, 40)  # patches of a page at each scale
_LEAST_COVERED, _MOST_COVERED = 0.3, 0.02  # share of a patch that is text, for one that is and one that is not
_HEIGHTS = (4.0, 48.0)  # pixels at the scale of the patch, of text that counts as such
_TEXTLESS = 2  # class of a patch without text, after those along the rows and along the columns
_PATCH_CHANNELS, _LINE_CHANNELS = (16, 16), (24, 32)
_BATCH = 512
_LEARNING_RATE = 6e-3

Report = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """What pages show.

    Attributes:
        patches: uint8 [patches, SIDE, SIDE].
        text: whether it is text, [patches].
        lines: pieces of upright lines, uint8 [lines, HEIGHT, WIDTH].
    """

    patches: npt.NDArray[np.uint8]
    text: npt.NDArray[np.bool_]
    lines: npt.NDArray[np.uint8]


def labelled(seed: int) -> Labelled:
    """What one drawn page or texture shows; patches are left out that are a little of both, text and none."""
    rng = random.Random(f"patches:{seed}")
    if rng.random() < _TEXTURES:
        grey = draw_texture(rng)
        heights = np.zeros(grey.shape, np.float32)
    else:
        page = _worn(draw(rng.choices(list(_FAMILIES), list(_FAMILIES.values()))[0], seed), rng)
        grey, heights = _noisy(np.asarray(page.image.convert("L")), rng), _text_heights(page)
    top, left = rng.randrange(SIDE // 2), rng.randrange(SIDE // 2)  # where the patches begin is chance, too
    grey, heights = np.ascontiguousarray(grey[top:, left:]), heights[top:, left:]
    pixels, text, lines = [], [], []
    for found, most in zip(find_patches(grey), _MOST, strict=True):
        is_text = np.zeros(len(found.pixels), bool)
        for index in rng.sample(range(len(found.pixels)), min(len(found.pixels), most)):
            row, column, side = found.rows[index] * found.scale, found.columns[index] * found.scale, SIDE * found.scale
            around = heights[row : row + side, column : column + side]
            covered = around[around > 0]
            share, em = covered.size / around.size, float(np.median(covered)) / found.scale if covered.size else 0.0
            is_text[index] = share > _LEAST_COVERED and _HEIGHTS[0] <= em <= _HEIGHTS[1]
            if is_text[index] or share < _MOST_COVERED:
                pixels.append(found.pixels[index])
                text.append(is_text[index])
        if is_text.any():
            lines.append(find_lines(found, is_text, lies=False).pixels)
    return Labelled(
        np.stack(pixels) if pixels else np.empty((0, SIDE, SIDE), np.uint8),
        np.array(text, bool),
        np.concatenate(lines) if lines else np.empty((0, HEIGHT, WIDTH), np.uint8),
    )


class StrokeNetwork(nn.Module):
    """What `processing.quality.network.compute` computes, where it can learn."""

    def __init__(self, height: int, width: int, channels: tuple[int, int], outputs: int) -> None:
        super().__init__()
        first, second = channels
        self.c1 = nn.Conv2d(1, first, 5, 2)
        self.c2 = nn.Conv2d(first, second, 4, 2)
        self.left = ((height - 5) // 2 - 1) // 2, ((width - 5) // 2 - 1) // 2  # size after both convolutions
        self.out = nn.Linear(second * self.left[0] * self.left[1], outputs)

    def forward(self, images: Tensor) -> Tensor:
        """[n, 1, height, width] -> [n, outputs]."""
        hidden = functional.relu(self.c2(functional.relu(self.c1(images))))
        outputs: Tensor = self.out(hidden.flatten(1))
        return outputs

    def save(self, path: Path) -> None:
        """Write the weights as `processing.quality.network` reads them, in half precision."""
        outputs = self.out.out_features
        weights = {
            "c1.weight": self.c1.weight.permute(2, 3, 1, 0),
            "c1.bias": self.c1.bias,
            "c2.weight": self.c2.weight.permute(2, 3, 1, 0),
            "c2.bias": self.c2.bias,
            "out.weight": self.out.weight.reshape(outputs, -1, *self.left).permute(2, 3, 1, 0).reshape(-1, outputs),
            "out.bias": self.out.bias,
        }
        halves = {name: weight.detach().half().numpy() for name, weight in weights.items() if weight is not None}
        np.savez_compressed(path, allow_pickle=False, **halves)


def train(pages: int, folder: Path | None, *, seed: int = 1, report: Report) -> None:
    """Learn from `pages` pages; write the weights into the package, or into `folder`."""
    parts = []
    for number in range(pages):
        parts.append(labelled(FIRST_SEED + number))
        if number % 200 == 199:
            report(f"{number + 1} pages drawn")
    place = folder or Path(__file__).parents[1] / "processing" / "quality"
    lines = np.concatenate([part.lines for part in parts])
    fit_lines(lines, LINE_EPOCHS, seed=seed, report=report).save(place / LINES)
    patches, text = np.concatenate([part.patches for part in parts]), np.concatenate([part.text for part in parts])
    fit_patches(patches, text, PATCH_EPOCHS, seed=seed, report=report).save(place / PATCHES)


def fit_patches(
    patches: npt.NDArray[np.uint8], text: npt.NDArray[np.bool_], epochs: int, *, seed: int = 1, report: Report
) -> StrokeNetwork:
    """A network that has seen each patch `epochs` times, turned by one of the quarters each time."""
    images, is_text = _images(patches), torch.from_numpy(text)

    def loss(network: StrokeNetwork, indices: Tensor) -> Tensor:
        turns, turned = torch.arange(len(indices)) % 4, images[indices].float()
        for turn in range(1, 4):
            turned[turn::4] = torch.rot90(turned[turn::4], turn, (1, 2))
        return functional.cross_entropy(
            network(turned[:, None]), torch.where(is_text[indices], turns % 2, torch.tensor(_TEXTLESS))
        )

    torch.manual_seed(seed)
    return _fitted(StrokeNetwork(SIDE, SIDE, _PATCH_CHANNELS, 3), len(images), epochs, loss, report)


def fit_lines(lines: npt.NDArray[np.uint8], epochs: int, *, seed: int = 1, report: Report) -> StrokeNetwork:
    """A network that has seen each line `epochs` times, half of the times on its head."""
    images = _images(lines)

    def loss(network: StrokeNetwork, indices: Tensor) -> Tensor:
        turned = images[indices].float()
        turned[1::2] = torch.rot90(turned[1::2], 2, (1, 2))
        flipped = (torch.arange(len(indices)) % 2).float()
        return functional.binary_cross_entropy_with_logits(network(turned[:, None])[:, 0], flipped)

    torch.manual_seed(seed)
    return _fitted(StrokeNetwork(HEIGHT, WIDTH, _LINE_CHANNELS, 1), len(images), epochs, loss, report)


def _images(pixels: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(normalized(pixels).astype(np.float16))


def _fitted(
    network: StrokeNetwork, count: int, epochs: int, loss: Callable[[StrokeNetwork, Tensor], Tensor], report: Report
) -> StrokeNetwork:
    steps = epochs * -(-count // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps)
    seen = 0.0
    for step, indices in enumerate(_batches(count, epochs), 1):
        wrong = loss(network, indices)
        optimizer.zero_grad()
        wrong.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        seen += wrong.item()
        if step % 200 == 0:
            report(f"step {step} of {steps}: loss {seen / 200:.3f}")
            seen = 0.0
    return network


def _batches(count: int, epochs: int) -> Iterator[Tensor]:
    for _ in range(epochs):
        yield from torch.split(torch.randperm(count), _BATCH)


def _worn(page: Page, rng: random.Random) -> Page:
    """Scaled, blurred and compressed by chance."""
    if rng.random() < 0.5:
        scale = 2 ** rng.uniform(-1.1, 1.0)
        width, height = (max(SIDE + 2, round(side * scale)) for side in page.image.size)
        page = effects.resize(page, width, height)
    if rng.random() < 0.35:
        sizes = [line.size for line in page.lines]
        radius = rng.uniform(0.02, 0.2) * (float(np.median(sizes)) if sizes else 20.0)
        # a box of 3.5 times the deviation is as wide as that Gaussian
        along = rng.choice((None, None, (1.7 * radius, 0.0), (0.0, 1.7 * radius)))
        kind = ImageFilter.GaussianBlur(radius) if along is None else ImageFilter.BoxBlur(along)
        page = replace(page, image=page.image.filter(kind))
    if rng.random() < 0.4:
        page = effects.jpeg(page, rng.randint(25, 92))
    return page


def _noisy(grey: npt.NDArray[np.uint8], rng: random.Random) -> npt.NDArray[np.uint8]:
    if rng.random() > 0.15:
        return grey
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(2, 10), grey.shape)
    return (grey + noise).clip(0, 255).astype(np.uint8)


def _text_heights(page: Page) -> npt.NDArray[np.float32]:
    """[height, width]: the em of the text at each pixel, 0 where there is none."""
    heights = np.zeros((page.image.height, page.image.width), np.float32)
    for line in page.lines:
        for character, (x1, y1, x2, y2) in zip(line.text, line.char_boxes, strict=True):
            if not character.isspace():
                heights[max(0, int(y1)) : int(y2) + 1, max(0, int(x1)) : int(x2) + 1] = line.size
    return heights
