"""Pictures of a request: read from where they are, in order, and counted as long as the request runs."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from kantu.errors import ImageError, InvalidRequestError, KantuError, OverloadedError
from kantu.processing.conversation import Detail, ImageReference
from kantu.processing.image_config import ImageConfig
from kantu.service.actor import Actor
from kantu.service.pictures import Pictures, ReadPictures
from tests.processing.pictures import encode, exif, noise
from tests.service.actors import actor
from tests.service.admissions import admission_with
from tests.service.decoding import DecodersHere
from tests.service.gateways import CONFIG, data_url, png

pytestmark = pytest.mark.anyio

TEAM = actor("team")
FILES = {("team", "file-a"): png(128, 64), ("team", "file-b"): png(64, 128)}
PAGES = {"https://pictures.example/a.png": png(96, 96)}


class Reader:
    """Pictures over an admission of its own, with two files and one page."""

    def __init__(
        self, most_pixels_in_flight: int = 10**9, most_pixels: int = 10**6, config: ImageConfig = CONFIG
    ) -> None:
        self.config = config
        self.admission = admission_with(pixels=most_pixels_in_flight, wait_seconds=0.01)
        self.decoders = DecodersHere()
        self.pictures = Pictures(self.admission, self.decoders, self._file, self._page, most_pixels=most_pixels)

    async def _file(self, actor: Actor, file_id: str) -> bytes:
        return FILES[actor.tenant, file_id]

    async def _page(self, url: str) -> bytes:
        return PAGES[url]

    @asynccontextmanager
    async def read(self, *sources: ImageReference, max_pixels: int | None = None) -> AsyncIterator[ReadPictures]:
        """The pictures, opened and decoded."""
        async with (
            self.pictures.open(TEAM, sources, self.config, max_pixels) as opened,
            self.pictures.read(TEAM, opened) as read,
        ):
            yield read

    async def sizes(self, *sources: ImageReference, max_pixels: int | None = None) -> list[tuple[int, int]]:
        """(width, height) of what the model sees."""
        async with self.read(*sources, max_pixels=max_pixels) as read:
            return [(image.pixels.shape[1], image.pixels.shape[0]) for image in read.images]

    async def refusal(self, *sources: ImageReference, max_pixels: int | None = None) -> KantuError:
        with pytest.raises(KantuError) as caught:
            await self.sizes(*sources, max_pixels=max_pixels)
        assert self.admission.pixels == 0
        return caught.value


def at(url: str, detail: Detail = "auto") -> ImageReference:
    return ImageReference("here", detail, url=url)


def inline(data: bytes, detail: Detail = "auto") -> ImageReference:
    return at(data_url(data), detail)


def uploaded(file_id: str) -> ImageReference:
    return ImageReference("here", file_id=file_id)


async def test_they_come_from_wherever_they_are_in_the_order_of_the_request() -> None:
    sources = [
        uploaded("file-b"),
        inline(png(160, 32)),
        at("https://pictures.example/a.png"),
        uploaded("file-a"),
    ]
    assert await Reader().sizes(*sources) == [(64, 128), (160, 32), (96, 96), (128, 64)]


async def test_a_request_without_pictures_reads_none() -> None:
    assert await Reader().sizes() == []


async def test_large_ones_are_made_smaller_as_asked_and_as_the_service_allows() -> None:
    asked = await Reader().sizes(inline(png(640, 640)), max_pixels=320 * 320)
    allowed = await Reader(most_pixels=160 * 160).sizes(inline(png(640, 640)))
    assert asked == [(320, 320)]
    assert allowed == [(160, 160)]


async def test_what_sizes_and_pixels_tell_comes_with_them() -> None:
    async with Reader().read(inline(png(64, 64)), inline(png(640, 640)), max_pixels=1024) as read:
        assert [warning.code for warning in read.warnings] == ["picture_shrunk", "picture_blank", "picture_blank"]
    async with Reader().read() as read:
        assert [warning.code for warning in read.warnings] == ["no_picture"]


async def test_pixels_are_counted_until_the_request_is_over_the_decoded_ones_at_last() -> None:
    reader = Reader()
    async with reader.read(inline(png(640, 640)), inline(png(64, 64)), max_pixels=1024) as read:
        assert reader.admission.pixels == sum(image.pixels.size // 3 for image in read.images) == 2 * 32 * 32
        assert read.seconds > 0
    assert reader.admission.pixels == 0


async def test_while_many_pixels_are_under_way_others_wait() -> None:
    reader = Reader(most_pixels_in_flight=100 * 100)
    async with reader.read(inline(png(96, 96))):
        with pytest.raises(OverloadedError) as refused:
            await reader.sizes(inline(png(96, 96)))
        assert await reader.sizes() == []
    assert refused.value.code == "too_many_pixels_of_owner"
    assert await reader.sizes(inline(png(96, 96))) == [(96, 96)]


@pytest.mark.parametrize(
    "head", ["data:image/png;base64,", "DATA:IMAGE/PNG;BASE64,", "data:image/png;name=a.png;base64,", "data:;base64,"]
)
async def test_a_data_url_may_be_written_in_several_ways(head: str) -> None:
    url = head + base64.b64encode(png(64, 64)).decode()
    assert await Reader().sizes(at(url)) == [(64, 64)]


async def test_a_large_data_url_is_read_too() -> None:
    noise = png(64, 64) + bytes(300_000)  # what follows the picture does not matter to it
    assert await Reader().sizes(inline(noise)) == [(64, 64)]


@pytest.mark.parametrize(
    "url",
    [
        "data:",
        "data:image/png,abc",
        "data:image/png;base64,A",
        "data:base64,AAAA",
        "data:image/png;base64,\ud800",
    ],
    ids=ascii,
)
async def test_a_data_url_that_is_none_is_refused(url: str) -> None:
    error = await Reader().refusal(at(url))
    assert isinstance(error, InvalidRequestError)
    assert (error.code, error.param) == ("invalid_data_url", "here")


async def test_more_than_20_mib_are_not_even_decoded_from_base64() -> None:
    url = "data:image/png;base64," + "?" * (28 * 2**20)  # which would be invalid_data_url
    error = await Reader().refusal(at(url))
    assert isinstance(error, ImageError)
    assert error.code == "image_too_many_bytes"


async def test_what_is_no_picture_is_refused_wherever_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, ("team", "file-x"), b"no picture")
    monkeypatch.setitem(PAGES, "https://pictures.example/x", b"no picture")
    sources = [inline(b"no picture"), uploaded("file-x"), at("https://pictures.example/x")]
    codes = [(await Reader().refusal(inline(png()), source)).code for source in sources]
    assert codes == ["image_unsupported_format"] * 3


async def test_a_budget_that_holds_no_picture_is_refused_before_anything_is_read() -> None:
    error = await Reader().refusal(uploaded("not-there"), max_pixels=1)
    assert error.param == "mm_processor_kwargs.max_pixels"


async def test_a_low_detail_takes_few_pixels_and_is_another_picture_to_every_cache() -> None:
    picture = png(640, 640)
    sources = [inline(picture, "low"), inline(picture, "high"), inline(picture)]
    async with Reader().read(*sources) as read:
        low, high, auto = read.images
    assert low.visual_tokens(CONFIG) == 121
    assert high.visual_tokens(CONFIG) == auto.visual_tokens(CONFIG) == 400
    assert low.sha256 != high.sha256 == auto.sha256


async def test_a_low_detail_goes_below_the_folder_s_floor() -> None:
    floor = replace(CONFIG, min_pixels=400 * 1024)
    reader = Reader(config=floor)
    assert await reader.sizes(inline(png(320, 320)), inline(png(320, 320), "low")) == [(640, 640), (352, 352)]


async def test_of_several_pictures_the_broken_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, ("team", "file-x"), b"no picture")
    good, cut = data_url(png()), png(64, 64)[:-20]
    for broken in ({"url": data_url(b"x")}, {"url": "data:,"}, {"url": data_url(cut)}, {"file_id": "file-x"}):
        sources = [
            ImageReference("first", url=good),
            ImageReference("second", **broken),
            ImageReference("third", url=good),
        ]
        assert (await Reader().refusal(*sources)).param == "second"


async def test_what_they_cost_is_known_before_anything_is_decoded() -> None:
    reader = Reader()
    turned = encode(noise(160, 64), "JPEG", exif=exif(6))
    sources = [inline(png(640, 640)), inline(turned)]
    async with reader.pictures.open(TEAM, sources, CONFIG, 320 * 320) as opened:
        assert (opened.visual_tokens, reader.decoders.begun) == (100 + 10, 0)
        async with reader.pictures.read(TEAM, opened) as read:
            tokens = [image.visual_tokens(CONFIG) for image in read.images]
    assert (tokens, [image.original_size for image in read.images]) == ([100, 10], [(640, 640), (64, 160)])


async def test_a_picture_that_is_refused_by_its_header_spares_all_of_the_request() -> None:
    reader = Reader()
    assert (await reader.refusal(inline(png()), inline(png(7, 7)))).code == "image_too_small"
    assert reader.decoders.begun == 0


async def test_files_that_are_not_in_the_body_count_while_they_are_held() -> None:
    reader = Reader()
    sources = [uploaded("file-a"), at("https://pictures.example/a.png"), inline(png(64, 64))]
    async with reader.pictures.open(TEAM, sources, CONFIG, None):
        held = reader.admission._files.held
    sizes = len(FILES["team", "file-a"]) + len(PAGES["https://pictures.example/a.png"])
    assert (held, reader.admission._files.held) == (sizes, 0)


async def test_files_that_are_not_in_the_body_have_a_bound_together() -> None:
    reader = Reader()
    reader.admission = admission_with(body_bytes=len(FILES["team", "file-a"]) + 10)
    reader.pictures = Pictures(reader.admission, reader.decoders, reader._file, reader._page, most_pixels=10**6)
    assert await reader.sizes(uploaded("file-a")) == [(128, 64)]
    refused = await reader.refusal(uploaded("file-a"), ImageReference("second", file_id="file-b"))
    assert (refused.code, refused.param) == ("too_many_picture_bytes", "second")
    assert reader.admission._files.held == 0


async def test_a_file_is_checked_like_a_picture_of_a_request_and_counts_like_one() -> None:
    reader = Reader(most_pixels_in_flight=100 * 100)
    await reader.pictures.check(TEAM, png(200, 200))
    async with reader.read(inline(png(96, 96))):
        with pytest.raises(OverloadedError) as refused:
            await reader.pictures.check(TEAM, png(96, 96))
    assert refused.value.code == "too_many_pixels_of_owner"
