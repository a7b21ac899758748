"""One fetch: what is asked for, dialled, sent and taken in."""

from __future__ import annotations

import asyncio
import gzip
import threading
from typing import Any

import httpcore
import pytest

from kantu.errors import ImageError, InvalidRequestError
from kantu.service.fetch import ImageFetcher
from kantu.service.settings import FetchSettings
from tests.service.fetch.network import PUBLIC, Names, Wire, fetch
from tests.service.fetch.picture_server import PictureServer, reply, serving

pytestmark = pytest.mark.whole

URL = "http://example.com/hunter2.png?token=hunter2"
TARGET = "/hunter2.png?token=hunter2"


def names(**more: Any) -> Names:
    return Names({"example.com": [PUBLIC], **more})


def refusal(url: str, resolver: Any, wire: Any = None, **settings: Any) -> InvalidRequestError:
    """The error of a fetch, which says nothing of the URL's path or query nor of what the server said."""
    with pytest.raises(InvalidRequestError) as caught:
        fetch(url, resolver, wire, **settings)
    error = caught.value
    assert error.param == "image_url"
    assert error.__suppress_context__ or error.__context__ is None
    for text in (error.message, error.message_en, str(error)):
        assert "hunter2" not in text
        assert "upstream-words" not in text
    return error


def drip(head: bytes, piece: bytes) -> Any:
    """Sends a piece every 10 ms for as long as somebody listens."""

    def answer(stream: Any, stopping: threading.Event) -> None:
        stream.sendall(head)
        while not stopping.wait(0.01):
            stream.sendall(piece)

    return answer


def flood(head: bytes, piece: bytes) -> Any:
    """Sends without a pause for as long as somebody listens."""

    def answer(stream: Any, stopping: threading.Event) -> None:
        stream.sendall(head)
        while not stopping.is_set():
            stream.sendall(piece)

    return answer


class TestAsking:
    def test_the_picture_comes_back_as_it_was_sent(self) -> None:
        picture = bytes(range(256)) * 1000
        with serving({TARGET: reply(picture)}) as server:
            wire = Wire(server.port)
            assert fetch(URL, names(), wire) == picture
        assert wire.dialled == [(PUBLIC, 80)]

    def test_a_chunked_picture_and_one_that_ends_with_its_connection(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        until_closed = b"HTTP/1.1 200 OK\r\n\r\nabcde"
        for answer in (chunked, until_closed):
            with serving({TARGET: answer}) as server:
                assert fetch(URL, names(), Wire(server.port)) == b"abcde"

    def test_the_request_carries_nothing_of_ours(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine example.com login me password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, "http://127.0.0.1:9")
            monkeypatch.setenv(variable.lower(), "http://127.0.0.1:9")
        with serving({TARGET: reply()}) as server:
            fetch(URL, names(), Wire(server.port))
        assert server.requests == [
            f"GET {TARGET} HTTP/1.1\r\nHost: example.com\r\nUser-Agent: kantu\r\nAccept: image/*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
        ]

    def test_a_cookie_is_not_sent_back(self) -> None:
        first = reply(b"", "Location: /b.png", "Set-Cookie: a=b", status="302 Found")
        with serving({TARGET: first, "/b.png": reply()}) as server:
            fetch(URL, names(), Wire(server.port))
        assert len(server.requests) == 2
        assert "cookie" not in "".join(server.requests).lower()

    def test_the_network_itself(self) -> None:
        with serving({TARGET: reply(b"real")}) as server:
            url = URL.replace("example.com", f"example.com:{server.port}")
            resolver = Names({"example.com": ["127.0.0.1"]})
            assert fetch(url, resolver, allow_private=True, allowed_ports=(server.port,)) == b"real"
        assert f"Host: example.com:{server.port}\r\n" in server.requests[0]

    def test_the_systems_own_resolver(self) -> None:
        with serving({"/": reply(b"real")}) as server:
            url = f"http://localhost:{server.port}/"
            settings = {"allowed_domains": ("localhost",), "allow_private": True, "allowed_ports": (server.port,)}
            assert fetch(url, None, **settings) == b"real"
            assert refusal(url, None, **settings | {"allow_private": False}).code == "image_url_private_address"


class TestAllowing:
    @pytest.mark.parametrize("url", ["https://example.com/a.png", "http://127.0.0.1/", "file:///etc/passwd", "", "a"])
    def test_nothing_is_fetched_until_a_domain_is_listed(self, url: str) -> None:
        resolver, wire = names(), Wire(9)
        assert refusal(url, resolver, wire, allowed_domains=()).code == "image_url_not_allowed"
        assert (resolver.asked, wire.dialled) == ([], [])

    @pytest.mark.parametrize(
        ("url", "settings"),
        [
            ("https://evil.test/a", {}),
            ("https://a.example.com/a", {}),
            ("https://example.com.evil.test/a", {}),
            ("https://example.com/a", {"allowed_domains": ("*.example.com",)}),
            ("http://example.com/a", {"allow_http": False}),
            ("https://example.com:8443/a", {}),
            ("https://example.com:80/a", {}),
            ("https://example.com:22/a", {"allowed_ports": (8443,)}),
            ("https://93.184.216.34/a", {}),
            ("https://[2606:2800:220::1]/a", {}),
            ("https://127.0.0.1/a", {"allow_private": True}),
            ("file://example.com/etc/passwd", {}),
            ("ftp://example.com/a", {}),
            ("data:image/png;base64,AAAA", {}),
        ],
    )
    def test_what_is_not_listed_is_not_even_looked_up(self, url: str, settings: dict[str, Any]) -> None:
        resolver, wire = names(), Wire(9)
        assert refusal(url, resolver, wire, **settings).code == "image_url_not_allowed"
        assert (resolver.asked, wire.dialled) == ([], [])

    def test_a_disguised_url_is_invalid(self) -> None:
        for url in ("https://example.com@evil.test/", "https://2130706433/", "//example.com/a", "https:/\\example.com"):
            assert refusal(url, names(), Wire(9)).code == "image_url_invalid"

    def test_a_listed_address_needs_no_look_up(self) -> None:
        resolver = Names({})
        with serving({"/a": reply(b"v4")}) as server:
            wire = Wire(server.port)
            listed = (PUBLIC, "[2606:2800:220::1]")
            assert fetch(f"http://{PUBLIC}/a", resolver, wire, allowed_domains=listed) == b"v4"
            assert fetch("http://[2606:2800:220::1]/a", resolver, wire, allowed_domains=listed) == b"v4"
        assert wire.dialled == [(PUBLIC, 80), ("2606:2800:220::1", 80)]
        assert "Host: [2606:2800:220::1]\r\n" in server.requests[1]
        assert resolver.asked == []

    def test_listing_an_address_does_not_make_it_dialable(self) -> None:
        for literal in ("127.0.0.1", "[::1]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]", "[2002:7f00:1::]"):
            error = refusal(f"http://{literal}/", Names({}), Wire(9), allowed_domains=(literal,))
            assert error.code == "image_url_private_address"
        for literal in ("169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]"):
            error = refusal(f"http://{literal}/", Names({}), Wire(9), allowed_domains=(literal,), allow_private=True)
            assert error.code == "image_url_private_address"


class TestDialling:
    def test_a_name_is_looked_up_once_and_its_vetted_address_dialled(self) -> None:
        """Rebinding: the second answer would be loopback, but nobody asks a second time."""
        resolver = Names({"example.com": [[PUBLIC], ["127.0.0.1"]]})
        with serving({TARGET: reply()}) as server:
            wire = Wire(server.port)
            fetch(URL, resolver, wire)
        assert resolver.asked == ["example.com"]
        assert wire.dialled == [(PUBLIC, 80)]

    def test_every_hop_is_looked_up_once_and_vetted_again(self) -> None:
        """Rebinding between hops: the redirect's look-up answers loopback, which is refused."""
        resolver = Names({"example.com": [[PUBLIC], ["127.0.0.1"]]})
        with serving({TARGET: reply(b"", "Location: /b.png", status="302 Found")}) as server:
            wire = Wire(server.port)
            assert refusal(URL, resolver, wire).code == "image_url_private_address"
        assert resolver.asked == ["example.com", "example.com"]
        assert wire.dialled == [(PUBLIC, 80)]

    def test_on_the_network_itself_the_vetted_address_is_dialled(self) -> None:
        with serving({TARGET: reply()}, host="0.0.0.0") as server:
            resolver = Names({"example.com": [["127.0.0.2"], ["127.0.0.3"]]})
            url = URL.replace("example.com", f"example.com:{server.port}")
            fetch(url, resolver, allow_private=True, allowed_ports=(server.port,))
        assert server.dialled == ["127.0.0.2"]

    @pytest.mark.parametrize(
        "addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC], ["::ffff:127.0.0.1"], ["fe80::1%eth0"]]
    )
    def test_one_private_address_among_the_answers_refuses_them_all(self, addresses: list[str]) -> None:
        wire = Wire(9)
        error = refusal(URL, Names({"example.com": addresses}), wire)
        assert error.code == "image_url_private_address"
        assert "example.com" in error.message
        assert wire.dialled == []

    def test_metadata_is_not_dialled_even_where_private_addresses_are(self) -> None:
        wire = Wire(9)
        resolver = Names({"example.com": ["10.0.0.1", "169.254.169.254"]})
        assert refusal(URL, resolver, wire, allow_private=True).code == "image_url_private_address"
        assert wire.dialled == []

    def test_the_next_address_is_tried_where_one_refuses(self) -> None:
        resolver = Names({"example.com": ["8.8.8.8", PUBLIC]})
        with serving({TARGET: reply()}) as server:
            wire = Wire(server.port, dead=["8.8.8.8"])
            assert fetch(URL, resolver, wire) == b"picture"
        assert wire.dialled == [("8.8.8.8", 80), (PUBLIC, 80)]


class TestSizes:
    def test_exactly_the_limit_is_taken(self) -> None:
        with serving({TARGET: reply(b"x" * 1000)}) as server:
            assert len(fetch(URL, names(), Wire(server.port), max_bytes=1000)) == 1000

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",  # refused at its word: the body never comes
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 999),
            flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"64\r\n" + b"x" * 100 + b"\r\n"),
        ],
        ids=["declared", "declared absurdly", "until closed", "chunked"],
    )
    def test_more_is_not(self, answer: Any) -> None:
        with serving({TARGET: answer}) as server:
            error = refusal(URL, names(), Wire(server.port), max_bytes=1000)
        assert isinstance(error, ImageError)
        assert error.code == "image_too_many_bytes"

    @pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "identity, gzip", "x"])
    def test_compressed_content_is_refused(self, coding: str) -> None:
        bomb = gzip.compress(bytes(10_000_000))
        with serving({TARGET: reply(bomb, f"Content-Encoding: {coding}")}) as server:
            assert refusal(URL, names(), Wire(server.port)).code == "image_url_failed"

    def test_compressed_bytes_that_do_not_say_so_stay_compressed(self) -> None:
        bomb = gzip.compress(bytes(1_000_000))
        with serving({TARGET: reply(bomb, "Content-Encoding: identity")}) as server:
            assert fetch(URL, names(), Wire(server.port)) == bomb


class TestTime:
    @pytest.mark.parametrize(
        "answer",
        [
            drip(b"", b""),
            drip(b"HTTP/1.1 200 OK\r\nX-Pad: ", b"a"),
            drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
            drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
            drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        ],
        ids=["silence", "slow head", "endless hints", "slow body", "slow chunks"],
    )
    def test_the_whole_fetch_has_one_deadline(self, answer: Any) -> None:
        with serving({TARGET: answer}) as server:
            error = refusal(URL, names(), Wire(server.port), total_seconds=0.3)
        assert error.code == "image_url_timeout"
        assert "example.com" in error.message

    def test_looking_up_counts(self) -> None:
        async def never(host: str, port: int) -> list[str]:
            await asyncio.Event().wait()
            return []

        assert refusal(URL, never, Wire(9), total_seconds=0.05).code == "image_url_timeout"

    def test_connecting_has_its_own_limit(self) -> None:
        class Unreachable(httpcore.AsyncNetworkBackend):
            async def connect_tcp(self, host: str, port: int, timeout: float | None = None, *rest: Any) -> Any:
                assert timeout == 0.05
                raise httpcore.ConnectTimeout

        assert refusal(URL, names(), Unreachable(), connect_seconds=0.05).code == "image_url_timeout"

    def test_redirects_share_the_deadline(self) -> None:
        def slowly(stream: Any, stopping: threading.Event) -> None:
            stopping.wait(0.1)
            stream.sendall(reply(b"", f"Location: {TARGET}", status="302 Found"))

        with serving({TARGET: slowly}) as server:
            error = refusal(URL, names(), Wire(server.port), total_seconds=0.3, max_redirects=1000)
        assert error.code == "image_url_timeout"

    def test_a_cancelled_fetch_hangs_up(self) -> None:
        async def cancel(server: PictureServer, settings: FetchSettings) -> None:
            task = asyncio.create_task(ImageFetcher(settings, resolve=names(), backend=Wire(server.port)).fetch(URL))
            while not server.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        hung_up = threading.Event()

        def listen(stream: Any, stopping: threading.Event) -> None:
            if stream.recv(1) == b"":
                hung_up.set()

        settings = FetchSettings(allowed_domains=("example.com",), allow_http=True)
        with serving({TARGET: listen}) as server:
            asyncio.run(cancel(server, settings))
        assert hung_up.is_set()


class TestFailures:
    @pytest.mark.parametrize("status", ["201 Created", "204 No Content", "206 Partial Content", "304 Not Modified"])
    def test_only_200_is_a_picture(self, status: str) -> None:
        with serving({TARGET: reply(b"", status=status)}) as server:
            assert refusal(URL, names(), Wire(server.port)).code == "image_url_failed"

    @pytest.mark.parametrize("status", ["401 upstream-words", "404 upstream-words", "500 upstream-words"])
    def test_a_servers_words_stay_out_of_the_error(self, status: str) -> None:
        answer = reply(b"upstream-words", "X-Secret: upstream-words", status=status)
        with serving({TARGET: answer}) as server:
            error = refusal(URL, names(), Wire(server.port))
        assert error.code == "image_url_failed"
        assert status[:3] in error.message

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"upstream-words\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: upstream-words\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nupstream-words",
            b"HTTP/1.1 200 OK\r\n" + b"X: upstream-words\r\n" * 20_000 + b"\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        ],
        ids=[
            "nothing",
            "no HTTP",
            "bad length",
            "cut short",
            "two lengths",
            "coding",
            "bad chunk",
            "headers",
            "upgrade",
        ],
    )
    def test_broken_answers_fail(self, answer: bytes) -> None:
        with serving({TARGET: answer}) as server:
            assert refusal(URL, names(), Wire(server.port)).code == "image_url_failed"

    def test_an_unknown_name_and_a_closed_port_fail(self) -> None:
        assert refusal(URL, Names({}), Wire(9)).code == "image_url_failed"
        assert refusal(URL, names(), Wire(9, dead=[PUBLIC])).code == "image_url_failed"

    def test_an_unreadable_ca_file_is_a_bad_setting(self, tmp_path: Any) -> None:
        (tmp_path / "empty.pem").touch()
        for name in ("missing.pem", "empty.pem"):
            with pytest.raises(InvalidRequestError) as caught:
                ImageFetcher(FetchSettings(ca_file=tmp_path / name))
            assert (caught.value.code, caught.value.param) == ("invalid_settings", "fetch.ca_file")
