"""The vision tower."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kantu.model.vision import Grid, interpolated_positions, patch_coordinates
from tests.model.twins import CPU, Twins

GRIDS: list[Grid] = [(1, 6, 10), (1, 2, 2), (1, 14, 4), (1, 6, 10)]


def random_patches(grids: list[Grid], patch_dim: int) -> Tensor:
    count = sum(frames * rows * columns for frames, rows, columns in grids)
    return torch.rand(count, patch_dim, generator=torch.Generator().manual_seed(3)) * 2 - 1


def resampled(table: Tensor, side: int, grid: Grid) -> Tensor:
    """The table on a grid, in raster order [rows, columns, hidden]."""
    rows, columns = patch_coordinates([grid], 1, CPU)
    return interpolated_positions(table, side, rows, columns, [grid]).view(*grid[1:], -1)


class TestPatchCoordinates:
    def test_patches_come_in_blocks_that_will_be_merged(self) -> None:
        rows, columns = patch_coordinates([(1, 2, 4)], 2, CPU)
        assert rows.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
        assert columns.tolist() == [0, 1, 0, 1, 2, 3, 2, 3]

    def test_every_frame_repeats_them_and_pictures_follow_each_other(self) -> None:
        rows, columns = patch_coordinates([(2, 2, 2), (1, 4, 2)], 2, CPU)
        assert rows.tolist() == [0, 0, 1, 1] * 2 + [0, 0, 1, 1, 2, 2, 3, 3]
        assert columns.tolist() == [0, 1, 0, 1] * 4


class TestInterpolatedPositions:
    SIDE = 6

    @pytest.fixture
    def table(self) -> Tensor:
        return torch.randn(self.SIDE**2, 8, generator=torch.Generator().manual_seed(1))

    def test_a_grid_of_the_tables_own_size_is_the_table(self, table: Tensor) -> None:
        torch.testing.assert_close(resampled(table, self.SIDE, (1, 6, 6)), table.view(6, 6, 8))

    @pytest.mark.parametrize("grid", [(1, 2, 2), (1, 4, 10), (1, 26, 14)])
    def test_corners_are_kept(self, table: Tensor, grid: Grid) -> None:
        result, square = resampled(table, self.SIDE, grid), table.view(6, 6, 8)
        for row in (0, -1):
            for column in (0, -1):
                torch.testing.assert_close(result[row, column], square[row, column], rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("grid", [(1, 4, 10), (1, 11, 11), (1, 3, 2)])
    def test_it_is_bilinear_resampling_with_aligned_corners(self, table: Tensor, grid: Grid) -> None:
        image = table.view(1, 6, 6, 8).permute(0, 3, 1, 2)
        expected = torch.nn.functional.interpolate(image, size=grid[1:], mode="bilinear", align_corners=True)
        torch.testing.assert_close(
            resampled(table, self.SIDE, grid), expected[0].permute(1, 2, 0), rtol=1e-4, atol=1e-4
        )

    def test_the_weighted_sum_of_a_bf16_table_is_float32(self, table: Tensor) -> None:
        assert resampled(table.bfloat16(), self.SIDE, (1, 4, 10)).dtype == torch.float32


class TestVisionTower:
    def test_shapes(self, pair: Twins) -> None:
        vision = pair.config.vision
        with torch.inference_mode():
            visual = pair.ours.encode_images(random_patches(GRIDS, vision.patch_dim), GRIDS)
        assert visual.shape == (1 + len(vision.deepstack_visual_indexes), 15 + 1 + 14 + 15, vision.out_hidden_size)

    def test_packed_pictures_equal_pictures_one_by_one(self, twins: Twins) -> None:
        """Equal neighbours run as one batch and unequal ones do not; neither may change a picture's tokens."""
        patches = random_patches(GRIDS, twins.config.vision.patch_dim)
        counts = [frames * rows * columns for frames, rows, columns in GRIDS]
        with torch.inference_mode():
            alone = [
                twins.ours.encode_images(part, [grid]) for part, grid in zip(patches.split(counts), GRIDS, strict=True)
            ]
            torch.testing.assert_close(
                twins.ours.encode_images(patches, GRIDS), torch.cat(alone, dim=1), rtol=0, atol=1e-4
            )
            twice = twins.ours.encode_images(torch.cat((patches[:60], patches[-60:])), [GRIDS[0], GRIDS[3]])
        torch.testing.assert_close(twice, torch.cat((alone[0], alone[3]), dim=1), rtol=0, atol=1e-4)

    def test_a_picture_is_not_touched_by_its_neighbour(self, pair: Twins) -> None:
        grids: list[Grid] = [(1, 4, 4), (1, 2, 6)]
        patches = random_patches(grids, pair.config.vision.patch_dim)
        other = torch.cat((patches[:16], -patches[16:]))
        with torch.inference_mode():
            first, second = (pair.ours.encode_images(x, grids) for x in (patches, other))
        assert torch.equal(first[:, :4], second[:, :4])
        assert not torch.equal(first[:, 4:], second[:, 4:])

    def test_where_things_are_matters(self, pair: Twins) -> None:
        """The same patches on another grid are another picture."""
        patches = random_patches([(1, 4, 6)], pair.config.vision.patch_dim)
        with torch.inference_mode():
            wide, tall = (pair.ours.encode_images(patches, [grid]) for grid in ((1, 4, 6), (1, 6, 4)))
        assert not torch.allclose(wide, tall, atol=1e-2)
