"""The vision tower: pixels of patches -> visual tokens, with the DeepStack levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.model import fused, rope
from kantu.model.attention import segment_attention
from kantu.model.config import VisionConfig

Grid = tuple[int, int, int]
"""Frames, rows and columns of one image, in patches."""

Attend = Callable[[Tensor, Tensor, Tensor, Sequence[int]], Tensor]
"""How patches attend within their frames: `segment_attention` or an equivalent."""

_NORM_EPS = 1e-6


def patch_coordinates(grids: Sequence[Grid], merge: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column of every patch, float32 [patches], in the order (t, rows / m, columns / m, m, m)."""
    rows: list[Tensor] = []
    columns: list[Tensor] = []
    for frames, height, width in grids:
        row = torch.arange(height, dtype=torch.float32, device=device)[:, None].expand(height, width)
        column = torch.arange(width, dtype=torch.float32, device=device)[None, :].expand(height, width)
        for axis, out in ((row, rows), (column, columns)):
            blocks = axis.reshape(height // merge, merge, width // merge, merge).transpose(1, 2)
            out.append(blocks.flatten().repeat(frames))
    return torch.cat(rows), torch.cat(columns)


def interpolated_positions(table: Tensor, side: int, rows: Tensor, columns: Tensor, grids: Sequence[Grid]) -> Tensor:
    """The learned side x side position table resampled to each image's grid (bilinear, align_corners), float32.

    `table` is [side * side, hidden], the result [patches, hidden]. Rows and columns are those of `patch_coordinates`.
    """
    lengths = torch.tensor([t * h * w for t, h, w in grids], device=rows.device)

    def scaled(axis: Tensor, index: int) -> Tensor:
        steps = [(side - 1) / (grid[index] - 1) if grid[index] > 1 else 0.0 for grid in grids]
        return axis * torch.tensor(steps, device=axis.device).repeat_interleave(lengths)

    y, x = scaled(rows, 1), scaled(columns, 2)
    top, left = y.long().clamp(max=side - 1), x.long().clamp(max=side - 1)
    bottom, right = (top + 1).clamp(max=side - 1), (left + 1).clamp(max=side - 1)
    dy, dx = y - top, x - left
    corners = (
        (top, left, (1 - dy) * (1 - dx)),
        (top, right, (1 - dy) * dx),
        (bottom, left, dy * (1 - dx)),
        (bottom, right, dy * dx),
    )
    indices = torch.stack([row * side + column for row, column, _ in corners], dim=1)
    weights = torch.stack([weight for _, _, weight in corners], dim=1)
    return (F.embedding(indices, table) * weights[:, :, None]).sum(1)


class VisionAttention(nn.Module):
    """Full attention within one frame, fused qkv with bias, 2-D rotary in float32."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, lengths: Sequence[int], attend: Attend) -> Tensor:
        q, k, v = self.qkv(x).view(x.shape[0], 3, self.num_heads, -1).unbind(1)
        q, k = fused.rotate_wide(q, cos, sin), fused.rotate_wide(k, cos, sin)
        output: Tensor = self.proj(attend(q, k, v, lengths).flatten(1))
        return output


class VisionMLP(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.linear_fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.linear_fc2 = nn.Linear(config.intermediate_size, config.hidden_size)
        self.act: nn.Module = nn.GELU(approximate="tanh")

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.linear_fc2(self.act(self.linear_fc1(x)))
        return output


class VisionBlock(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=_NORM_EPS)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=_NORM_EPS)
        self.attn = VisionAttention(config)
        self.mlp = VisionMLP(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, lengths: Sequence[int], attend: Attend) -> Tensor:
        attended: Tensor = x + self.attn(self.norm1(x), cos, sin, lengths, attend)
        output: Tensor = attended + self.mlp(self.norm2(attended))
        return output


class PatchMerger(nn.Module):
    """merge x merge neighbouring patches -> one token of the decoder's width.

    The main merger norms each patch before joining them; a DeepStack merger norms after.
    """

    def __init__(self, config: VisionConfig, *, norm_after_join: bool) -> None:
        super().__init__()
        self.joined_size = config.hidden_size * config.merge_unit
        self.norm_after_join = norm_after_join
        self.norm = nn.LayerNorm(self.joined_size if norm_after_join else config.hidden_size, eps=_NORM_EPS)
        self.linear_fc1 = nn.Linear(self.joined_size, self.joined_size)
        self.linear_fc2 = nn.Linear(self.joined_size, config.out_hidden_size)
        self.act: nn.Module = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x.view(-1, self.joined_size) if self.norm_after_join else x)
        output: Tensor = self.linear_fc2(self.act(self.linear_fc1(normed.view(-1, self.joined_size))))
        return output


class PatchEmbedding(nn.Module):
    """A Linear over flattened patches; checkpoints store it as a Conv3d whose kernel is the whole patch."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.proj = nn.Linear(config.patch_dim, config.hidden_size)

    def forward(self, patches: Tensor) -> Tensor:
        hidden: Tensor = self.proj(patches.to(self.proj.weight.dtype))
        return hidden


class VisionTower(nn.Module):
    """Qwen3-VL's ViT. Images of any sizes run packed, without padding."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbedding(config)
        self.pos_embed = nn.Embedding(config.num_position_embeddings, config.hidden_size)
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.depth))
        self.merger = PatchMerger(config, norm_after_join=False)
        self.deepstack_merger_list = nn.ModuleList(
            PatchMerger(config, norm_after_join=True) for _ in config.deepstack_visual_indexes
        )

    def features(
        self, patches: Tensor, grids: Sequence[Grid], attend: Attend = segment_attention
    ) -> tuple[Tensor, Tensor]:
        """The last hidden state of every patch [patches, hidden], and the visual tokens as `forward` returns them."""
        config = self.config
        rows, columns = patch_coordinates(grids, config.spatial_merge_size, patches.device)
        cos, sin = rope.vision_rotary(rows, columns, config.head_dim)
        lengths = [height * width for frames, height, width in grids for _ in range(frames)]
        x = self.patch_embed(patches)
        positions = interpolated_positions(self.pos_embed.weight, config.position_side, rows, columns, grids)
        x = x + positions.to(x.dtype)
        levels = []
        for index, block in enumerate(self.blocks):
            x = block(x, cos, sin, lengths, attend)
            if index in config.deepstack_visual_indexes:
                level = config.deepstack_visual_indexes.index(index)
                levels.append(self.deepstack_merger_list[level](x))
        return x, torch.stack([self.merger(x), *levels])

    def forward(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Patches [patches, patch_dim] of all images -> [1 + DeepStack levels, visual tokens, text hidden]."""
        return self.features(patches, grids)[1]
