"""The decode guard's pictures, the size rule, resized pixels and patches, against transformers' own processor."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize as reference_resize

from kantu.errors import CheckpointError, ImageError, InvalidRequestError
from kantu.model.folder import ModelFolder
from kantu.processing.guard import ImageLimits
from kantu.processing.image import (
    ImageConfig,
    content_hash,
    patchify,
    prepare,
    smart_resize,
)
from tests.processing.pictures import decode, encode, every_format, exif, noise, png_chunk, png_file

CONFIG = ImageConfig(16, 2, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 4096, 262144)
# Not the family's values: shows that they are read and used, channel by channel.
CLIP = ImageConfig(14, 2, 2, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), 3136, 100352)


def reference(config: ImageConfig) -> Qwen2VLImageProcessorPil:
    return Qwen2VLImageProcessorPil(
        patch_size=config.patch_size,
        temporal_patch_size=config.temporal_patch_size,
        merge_size=config.merge_size,
        image_mean=list(config.image_mean),
        image_std=list(config.image_std),
        size={"shortest_edge": config.min_pixels, "longest_edge": config.max_pixels},
    )


class TestSizeRule:
    def test_equals_the_reference_on_ten_thousand_random_sizes(self) -> None:
        rng = random.Random(0)
        for _ in range(10_000):
            height, width = (round(2 ** rng.uniform(3, 13)) for _ in range(2))
            if max(height, width) > 200 * min(height, width):
                continue
            factor = rng.choice((28, 32))
            low = rng.choice((factor**2, 4096, 65536))
            high = rng.choice((200_704, 1_310_720, 16_777_216))
            ours = smart_resize(height, width, factor=factor, min_pixels=low, max_pixels=high)
            assert ours == reference_resize(height, width, factor, low, high), (height, width, factor, low, high)

    def test_rounds_half_to_even_as_python_does(self) -> None:
        assert smart_resize(80, 112, factor=32, min_pixels=1024, max_pixels=10**6) == (64, 128)

    def test_refuses_an_aspect_above_200(self) -> None:
        assert smart_resize(10, 2000, factor=32, min_pixels=1024, max_pixels=10**6)
        with pytest.raises(ImageError) as caught:
            smart_resize(10, 2001, factor=32, min_pixels=1024, max_pixels=10**6)
        assert caught.value.code == "image_too_thin"


class TestAgainstTheReferenceProcessor:
    @pytest.mark.parametrize("config", [CONFIG, CLIP], ids=["qwen3", "clip"])
    @pytest.mark.parametrize(
        "size", [(320, 480), (33, 77), (8, 9), (1000, 700), (512, 512), (1080, 2340), (9, 1500), (64, 64)]
    )
    def test_resized_pixels_are_equal_and_patches_within_1e6(self, size: tuple[int, int], config: ImageConfig) -> None:
        picture = noise(*size)
        clean = prepare(picture, config)
        processor = reference(config)

        unscaled = processor(picture, do_rescale=False, do_normalize=False, return_tensors="np")
        expected = processor(picture, return_tensors="np")

        raw_config = ImageConfig(**{**vars(config), "image_mean": (0.0,) * 3, "image_std": (1 / 255,) * 3})
        raw = patchify(clean.pixels, raw_config).round()
        np.testing.assert_array_equal(raw, unscaled["pixel_values"])
        patches = patchify(clean.pixels, config)
        assert patches.dtype == np.float32
        assert patches.shape == expected["pixel_values"].shape
        np.testing.assert_allclose(patches, expected["pixel_values"], rtol=0, atol=1e-6)
        assert clean.grid(config) == tuple(expected["image_grid_thw"][0])
        assert clean.visual_tokens(config) * config.merge_size**2 == len(patches)

    def test_a_request_budget_equals_the_reference_with_that_budget(self) -> None:
        picture = noise(900, 700)
        expected = reference(ImageConfig(**{**vars(CONFIG), "max_pixels": 448 * 448}))(picture, return_tensors="np")
        clean = prepare(picture, CONFIG, max_pixels=448 * 448)
        assert clean.visual_tokens(CONFIG) <= 196
        np.testing.assert_allclose(patchify(clean.pixels, CONFIG), expected["pixel_values"], rtol=0, atol=1e-6)

    @pytest.mark.parametrize("size", [(64, 64), (320, 320), (100, 700), (600, 500)])
    def test_a_budget_below_the_floor_takes_its_place_and_holds(self, size: tuple[int, int]) -> None:
        config = replace(CONFIG, min_pixels=200 * 1024)
        tokens = prepare(noise(*size), config, max_pixels=128 * 1024).visual_tokens(config)
        assert 90 <= tokens <= 128

    def test_patch_order_and_layout(self) -> None:
        pixels = np.zeros((64, 64, 3), np.uint8)
        pixels[0:16, 32:48, 1] = 255  # row 0, column 2 of the patches
        patches = patchify(pixels, CONFIG)
        lit = np.flatnonzero((patches > 0).any(axis=1))
        assert lit.tolist() == [4]  # first patch of the second 2 x 2 block
        channels = patches[4].reshape(3, 2, 16, 16)
        assert (channels[1] == 1).all()
        assert (channels[[0, 2]] == -1).all()

    def test_patchify_refuses_pixels_that_are_not_whole_tokens(self) -> None:
        with pytest.raises(ValueError, match="multiples of 32"):
            patchify(np.zeros((48, 64, 3), np.uint8), CONFIG)
        with pytest.raises(ValueError, match="uint8"):
            patchify(np.zeros((64, 64, 3), np.float32), CONFIG)  # type: ignore[arg-type]


class TestDecode:
    @pytest.mark.parametrize("name", every_format())
    def test_every_format_becomes_rgb_of_its_size(self, name: str) -> None:
        image = decode(every_format()[name])
        assert (image.mode, image.size) == ("RGB", (48, 40))

    @pytest.mark.parametrize("name", ["png", "bmp"])
    def test_lossless_pixels_arrive_unchanged(self, name: str) -> None:
        np.testing.assert_array_equal(decode(every_format()[name]), noise(48, 40))

    def test_jpeg_pixels_are_those_of_the_library(self) -> None:
        data = encode(noise(90, 70), "JPEG", exif=exif(1), icc_profile=b"x" * 500, comment=b"hello")
        with Image.open(__import__("io").BytesIO(data)) as plain:
            np.testing.assert_array_equal(decode(data), plain)

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation_is_applied(self, kind: str, orientation: int) -> None:
        picture = Image.new("RGB", (64, 32), "white")
        picture.paste("black", (0, 0, 16, 16))  # top left in storage
        shown = decode(encode(picture, kind, exif=exif(orientation)))
        corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
        assert shown.size == ((64, 32) if orientation < 5 else (32, 64))
        dark = np.asarray(shown.convert("L")) < 128
        rows, columns = np.nonzero(dark)
        assert (columns.mean() > shown.width / 2, rows.mean() > shown.height / 2) == corner

    def test_a_broken_exif_block_does_not_spoil_the_picture(self) -> None:
        for block in (b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"Exif\x00\x00MM", b"Exif\x00\x00garbage" * 9):
            assert decode(encode(noise(20, 10), "JPEG", exif=block)).size == (20, 10)

    def test_transparency_is_laid_on_white(self) -> None:
        picture = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
        picture.paste((255, 0, 0, 128), (0, 0, 8, 16))
        for data in (encode(picture, "PNG"), encode(picture, "WEBP", lossless=True)):
            pixels = np.asarray(decode(data))
            assert pixels[0, 12].tolist() == [255, 255, 255]
            np.testing.assert_allclose(pixels[0, 2], [255, 127, 127], atol=1)

    @pytest.mark.parametrize(
        ("depth", "colour", "sample", "level", "grey"),
        [
            (2, 0, bytes([0b01_01_01_01]) * 2, ">H", 0x01),
            (4, 0, bytes([0x77]) * 4, ">H", 0x07),
            (8, 0, bytes([9]) * 8, ">H", 9),
            (16, 0, b"\x12\x34" * 8, ">H", 0x1234),
        ],
    )
    def test_a_transparent_grey_level_is_white(
        self, depth: int, colour: int, sample: bytes, level: str, grey: int
    ) -> None:
        rows = (b"\x00" + sample) * 8
        transparent = png_chunk(b"tRNS", struct.pack(level, grey))
        assert (np.asarray(decode(png_file(8, 8, depth, colour, rows, before_data=(transparent,)))) == 255).all()
        assert (np.asarray(decode(png_file(8, 8, depth, colour, rows))) < 150).all()

    def test_a_transparent_colour_of_16_bits_is_white(self) -> None:
        rows = (b"\x00" + struct.pack(">HHH", 1000, 20000, 50) * 8) * 8
        transparent = png_chunk(b"tRNS", struct.pack(">HHH", 1000, 20000, 50))
        assert (np.asarray(decode(png_file(8, 8, 16, 2, rows, before_data=(transparent,)))) == 255).all()

    def test_16_bit_grey_is_scaled_and_not_clipped(self) -> None:
        levels = [0, 257, 32768, 65535, 1000, 40000, 128, 60000]
        data = png_file(8, 8, 16, 0, (b"\x00" + struct.pack(">8H", *levels)) * 8)
        expected = [round(v * 255 / 65535) for v in levels]
        assert np.asarray(decode(data))[0, :, 0].tolist() == expected

    def test_cmyk_white_stays_white(self) -> None:
        data = encode(Image.new("CMYK", (16, 16), (0, 0, 0, 0)), "JPEG")
        assert (np.asarray(decode(data)) == 255).all()

    def test_only_the_first_frame_of_a_gif_counts(self) -> None:
        first, second = Image.new("P", (16, 16), 0), Image.new("P", (16, 16), 1)
        for frame in (first, second):
            frame.putpalette([255, 0, 0, 0, 255, 0])
        data = encode(first, "GIF", save_all=True, append_images=[second])
        assert np.asarray(decode(data))[0, 0].tolist() == [255, 0, 0]


class TestPrepare:
    def test_path_bytes_and_picture_give_the_same_result(self, tmp_path: Path) -> None:
        picture = noise(200, 100)
        data = encode(picture, "PNG")
        (tmp_path / "订单.jpg").write_bytes(data)  # the name does not matter
        results = [
            prepare(source, CONFIG) for source in (data, tmp_path / "订单.jpg", str(tmp_path / "订单.jpg"), picture)
        ]
        assert len({r.sha256 for r in results}) == 1
        assert results[0].original_size == (200, 100)
        assert results[0].pixels.shape == (96, 192, 3)

    def test_a_picture_opened_by_the_caller_is_turned_upright_too(self, tmp_path: Path) -> None:
        data = encode(noise(128, 64), "JPEG", exif=exif(6))
        (tmp_path / "a.jpg").write_bytes(data)
        with Image.open(tmp_path / "a.jpg") as opened:
            assert prepare(opened, CONFIG).sha256 == prepare(data, CONFIG).sha256

    def test_a_damaged_picture_opened_by_the_caller_is_our_error(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(encode(noise(128, 64), "PNG")[:-4000])
        with Image.open(tmp_path / "a.png") as opened, pytest.raises(ImageError) as caught:
            prepare(opened, CONFIG)
        assert caught.value.code == "image_damaged"

    @pytest.mark.parametrize(
        ("size", "code"),
        [((7, 100), "image_too_small"), ((8, 1601), "image_too_thin"), ((8001, 8000), "image_too_many_pixels")],
    )
    def test_pictures_pass_the_same_size_checks(self, size: tuple[int, int], code: str) -> None:
        with pytest.raises(ImageError) as caught:
            prepare(Image.new("1", size), CONFIG)
        assert caught.value.code == code

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "I;16", "I"])
    def test_pictures_of_any_usual_mode_are_converted(self, mode: str) -> None:
        assert prepare(Image.new(mode, (64, 64)), CONFIG).pixels.shape == (64, 64, 3)

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "I;16"])
    def test_bands_of_a_picture_are_converted_as_the_whole_is(self, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(0)
        if mode == "I;16":
            picture = Image.fromarray(rng.integers(0, 65536, (90, 70), dtype=np.uint16))
        else:
            picture = Image.fromarray(rng.integers(0, 256, (90, 70, 4), dtype=np.uint8), "RGBA").convert(mode)
        whole = prepare(picture, CONFIG)
        monkeypatch.setattr("kantu.processing.decode._BAND_PIXELS", 70 * 8)
        assert prepare(picture, CONFIG).sha256 == whole.sha256

    def test_a_mode_without_a_meaning_here_is_refused(self) -> None:
        with pytest.raises(ImageError) as caught:
            prepare(Image.new("F", (64, 64)), CONFIG)
        assert caught.value.code == "image_unsupported_variant"

    def test_the_callers_picture_is_left_alone(self) -> None:
        picture = noise(64, 64)
        before = picture.tobytes()
        clean = prepare(picture, CONFIG)
        assert picture.tobytes() == before
        with pytest.raises(ValueError, match="read-only"):
            clean.pixels[0, 0, 0] = 1

    def test_the_hash_is_over_pixels_and_shape(self) -> None:
        pixels = np.arange(64 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(64, 32, 3)
        expected = hashlib.sha256(struct.pack("<qqq", 64, 32, 3) + pixels.tobytes()).hexdigest()
        assert content_hash(pixels) == expected
        assert content_hash(pixels.reshape(32, 64, 3)) != expected
        changed = pixels.copy()
        changed[63, 31, 2] ^= 1
        assert content_hash(changed) != expected
        assert content_hash(np.asfortranarray(pixels)) == expected

    def test_paths_that_lead_nowhere(self, tmp_path: Path) -> None:
        for path, code in [
            (tmp_path / "没有.png", "image_not_found"),
            (tmp_path, "image_unreadable"),
            ("a\x00b.png", "image_unreadable"),
        ]:
            with pytest.raises(ImageError) as caught:
                prepare(path, CONFIG)
            assert caught.value.code == code

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_a_named_pipe_is_refused_and_not_waited_on(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(ImageError) as caught:
            prepare(tmp_path / "pipe.png", CONFIG)
        assert caught.value.code == "image_unreadable"

    def test_a_large_file_is_refused_unread(self, tmp_path: Path) -> None:
        with (tmp_path / "big.png").open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(ImageError) as caught:
            prepare(tmp_path / "big.png", CONFIG)
        assert caught.value.code == "image_too_many_bytes"

    def test_arguments_that_make_no_sense(self) -> None:
        with pytest.raises(InvalidRequestError) as caught:
            prepare(noise(64, 64), CONFIG, max_pixels=1023)
        assert caught.value.code == "invalid_max_pixels"
        with pytest.raises(InvalidRequestError) as caught:
            prepare(42, CONFIG)  # type: ignore[arg-type]
        assert caught.value.code == "invalid_image_source"

    def test_limits_cannot_reach_the_librarys_own_warning(self) -> None:
        with pytest.raises(ValueError, match="max_pixels"):
            ImageLimits(max_pixels=100_000_000)


class TestImageConfig:
    def write(self, folder: Path, **changes: object) -> ModelFolder:
        content = {
            "size": {"longest_edge": 16777216, "shortest_edge": 65536},
            "patch_size": 16,
            "temporal_patch_size": 2,
            "merge_size": 2,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
        } | changes
        kept = {k: v for k, v in content.items() if v != "absent"}
        (folder / "preprocessor_config.json").write_text(json.dumps(kept), encoding="utf-8")
        return ModelFolder.open(folder)

    def test_the_published_layout(self, tmp_path: Path) -> None:
        config = ImageConfig.from_folder(self.write(tmp_path))
        assert config == ImageConfig(16, 2, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 65536, 16777216)
        assert config.factor == 32

    def test_the_older_names_win_as_in_the_reference(self, tmp_path: Path) -> None:
        config = ImageConfig.from_folder(self.write(tmp_path, size="absent", min_pixels=3136, max_pixels=12845056))
        assert (config.min_pixels, config.max_pixels) == (3136, 12845056)
        config = ImageConfig.from_folder(self.write(tmp_path, min_pixels=4096))
        assert (config.min_pixels, config.max_pixels) == (4096, 16777216)

    def test_what_newer_tools_write_out_in_full_is_accepted(self, tmp_path: Path) -> None:
        spelled = {"resample": 3, "rescale_factor": 1 / 255, "do_resize": True, "do_rescale": True}
        assert ImageConfig.from_folder(self.write(tmp_path, **spelled, do_normalize=True, do_convert_rgb=True))

    @pytest.mark.parametrize(
        "name", ["size", "patch_size", "temporal_patch_size", "merge_size", "image_mean", "image_std"]
    )
    def test_a_missing_value_is_an_error_and_never_a_default(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(CheckpointError) as caught:
            ImageConfig.from_folder(self.write(tmp_path, **{name: "absent"}))
        assert caught.value.code == "invalid_preprocessor_config"

    @pytest.mark.parametrize(
        "changes",
        [
            {"resample": 2},
            {"rescale_factor": 1.0},
            {"do_normalize": False},
            {"do_resize": False},
            {"patch_size": True},
            {"patch_size": "16"},
            {"image_mean": [0.5, 0.5]},
            {"image_std": [0.5, 0.0, 0.5]},
            {"image_std": 0.5},
            {"size": {"shortest_edge": 65536}},
            {"size": {"height": 448, "width": 448}},
            {"size": {"shortest_edge": 70000, "longest_edge": 65536}},
        ],
        ids=str,
    )
    def test_what_cannot_be_honoured_is_an_error(self, tmp_path: Path, changes: dict[str, object]) -> None:
        with pytest.raises(CheckpointError) as caught:
            ImageConfig.from_folder(self.write(tmp_path, **changes))
        assert caught.value.code == "invalid_preprocessor_config"

    def test_a_folder_without_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError) as caught:
            ImageConfig.from_folder(ModelFolder.open(tmp_path))
        assert (caught.value.code, caught.value.param) == ("checkpoint_file_missing", "preprocessor_config.json")
