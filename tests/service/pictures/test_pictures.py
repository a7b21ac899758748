"""Pictures of a request: read from where they are, in order, and counted as long as the request runs."""

from __future__ import annotations

import base64

import pytest

from kantu.errors import ImageError, InvalidRequestError, KantuError, OverloadedError
from kantu.service.admission import Admission
from kantu.service.pictures import Pictures, PictureSource
from tests.service.gateways import CONFIG, data_url, png

pytestmark = pytest.mark.anyio

FILES = {("team", "file-a"): png(128, 64), ("team", "file-b"): png(64, 128)}
PAGES = {"https://pictures.example/a.png": png(96, 96)}


class Reader:
    """Pictures over an admission of its own, with two files and one page."""

    def __init__(self, most_pixels_in_flight: int = 10**9, most_pixels: int = 10**6) -> None:
        self.admission = Admission(9, most_pixels_in_flight)
        self.pictures = Pictures(CONFIG, self.admission, self._file, self._page, most_pixels=most_pixels, workers=2)

    async def _file(self, owner: str, file_id: str) -> bytes:
        return FILES[owner, file_id]

    async def _page(self, url: str) -> bytes:
        return PAGES[url]

    async def sizes(self, *sources: PictureSource, max_pixels: int | None = None) -> list[tuple[int, int]]:
        """(width, height) of what the model sees."""
        async with self.pictures.read(sources, "team", max_pixels) as read:
            return [(image.pixels.shape[1], image.pixels.shape[0]) for image in read.images]

    async def refusal(self, *sources: PictureSource, max_pixels: int | None = None) -> KantuError:
        with pytest.raises(KantuError) as caught:
            await self.sizes(*sources, max_pixels=max_pixels)
        assert self.admission.pixels == 0
        return caught.value


def inline(data: bytes) -> PictureSource:
    return PictureSource(url=data_url(data))


async def test_they_come_from_wherever_they_are_in_the_order_of_the_request() -> None:
    sources = [
        PictureSource(file_id="file-b"),
        inline(png(160, 32)),
        PictureSource(url="https://pictures.example/a.png"),
        PictureSource(file_id="file-a"),
    ]
    assert await Reader().sizes(*sources) == [(64, 128), (160, 32), (96, 96), (128, 64)]


async def test_a_request_without_pictures_reads_none() -> None:
    assert await Reader().sizes() == []


async def test_large_ones_are_made_smaller_as_asked_and_as_the_service_allows() -> None:
    asked = await Reader().sizes(inline(png(640, 640)), max_pixels=320 * 320)
    allowed = await Reader(most_pixels=160 * 160).sizes(inline(png(640, 640)))
    assert asked == [(320, 320)]
    assert allowed == [(160, 160)]


async def test_declared_pixels_are_counted_until_the_request_is_over() -> None:
    reader = Reader()
    async with reader.pictures.read([inline(png(640, 640)), inline(png(64, 64))], "team", 1024) as read:
        assert reader.admission.pixels == 640 * 640 + 64 * 64
        assert read.seconds > 0
    assert reader.admission.pixels == 0


async def test_while_many_pixels_are_under_way_others_wait() -> None:
    reader = Reader(most_pixels_in_flight=100 * 100)
    async with reader.pictures.read([inline(png(96, 96))], "team", None):
        with pytest.raises(OverloadedError) as refused:
            await reader.sizes(inline(png(96, 96)))
        assert await reader.sizes() == []
    assert refused.value.code == "too_many_pixels_in_flight"
    assert await reader.sizes(inline(png(96, 96))) == [(96, 96)]


@pytest.mark.parametrize(
    "head", ["data:image/png;base64,", "DATA:IMAGE/PNG;BASE64,", "data:image/png;name=a.png;base64,"]
)
async def test_a_data_url_may_be_written_in_several_ways(head: str) -> None:
    url = head + base64.b64encode(png(64, 64)).decode()
    assert await Reader().sizes(PictureSource(url=url)) == [(64, 64)]


async def test_a_large_data_url_is_read_too() -> None:
    noise = png(64, 64) + bytes(300_000)  # what follows the picture does not matter to it
    assert await Reader().sizes(inline(noise)) == [(64, 64)]


@pytest.mark.parametrize(
    "url",
    [
        "data:",
        "data:image/png,abc",
        "data:image/png;base64,A",
        "data:image/png;base64,AA==\n",
        "data:;base64,AAAA",
        "data:image/png;base64,\ud800",
    ],
    ids=ascii,
)
async def test_a_data_url_that_is_none_is_refused(url: str) -> None:
    error = await Reader().refusal(PictureSource(url=url))
    assert isinstance(error, InvalidRequestError)
    assert (error.code, error.param) == ("invalid_data_url", "image_url")


async def test_more_than_20_mib_are_not_even_decoded_from_base64() -> None:
    url = "data:image/png;base64," + "?" * (28 * 2**20)  # which would be invalid_data_url
    error = await Reader().refusal(PictureSource(url=url))
    assert isinstance(error, ImageError)
    assert error.code == "image_too_many_bytes"


async def test_what_is_no_picture_is_refused_wherever_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, ("team", "file-x"), b"no picture")
    monkeypatch.setitem(PAGES, "https://pictures.example/x", b"no picture")
    sources = [inline(b"no picture"), PictureSource(file_id="file-x"), PictureSource(url="https://pictures.example/x")]
    codes = [(await Reader().refusal(inline(png()), source)).code for source in sources]
    assert codes == ["image_unsupported_format"] * 3


async def test_a_budget_that_holds_no_picture_is_refused_before_anything_is_read() -> None:
    error = await Reader().refusal(PictureSource(file_id="not-there"), max_pixels=1)
    assert error.param == "max_pixels"
