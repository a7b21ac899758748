"""Fetching one picture: parse, check, resolve once, vet, dial what was vetted; at every redirect again."""

from __future__ import annotations

import asyncio
import ssl

import httpcore

from kantu.errors import InvalidRequestError, error
from kantu.service.fetch.address import DEFAULT_PORTS, WebAddress, follow, parse
from kantu.service.fetch.allow_list import read_allow_list
from kantu.service.fetch.dial import VettedBackend
from kantu.service.fetch.resolve import Resolve, SystemResolver
from kantu.service.fetch.vetting import vet
from kantu.service.settings import FetchSettings
from kantu.service.tls import trusting

_REDIRECTS = (301, 302, 303, 307, 308)


class ImageFetcher:
    """Fetches pictures of allowed domains. Safe to share between requests; it keeps no connection and no cookie.

    httpcore is used below httpx, since it takes a request in parts and never parses a URL, knows no proxy, environment
    or netrc, follows no redirect and decodes no content.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolve: Resolve | None = None,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """
        Args:
            resolve: names to addresses; None asks the operating system.
            backend: what opens connections to addresses; None is the network.

        Raises:
            InvalidRequestError: `invalid_settings`: a domain that is none, or a CA file that cannot be read.
        """
        self._settings = settings
        self._allow_list = read_allow_list(settings.allowed_domains)
        # Reading all that the system trusts takes long, and most services fetch nothing. A file is checked anyway.
        trusts = settings.allowed_domains or settings.ca_file
        self._ssl_context = _ssl_context(settings) if trusts else None
        self._backend = httpcore.AnyIOBackend() if backend is None else backend
        self._own_resolver: SystemResolver | None = None
        if resolve is None:
            resolve = self._own_resolver = SystemResolver()
        self._resolve = resolve

    async def fetch(self, url: str) -> bytes:
        """The bytes behind a URL, not yet known to be a picture: the decode guard comes next.

        Raises:
            InvalidRequestError: `image_url_not_allowed` (scheme, host or port, or nothing is allowed),
                `image_url_invalid`, `image_url_private_address`, `image_url_too_many_redirects`, `image_url_failed`
                (status, transport, certificate, compressed content), `image_url_timeout`.
            ImageError: `image_too_many_bytes`.
        """
        if not self._settings.allowed_domains:
            raise error("image_url_not_allowed")
        address = parse(url)
        self._check(address)
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                return await self._follow(address)
        except (TimeoutError, httpcore.TimeoutException):
            raise error("image_url_timeout", host=address.host) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):  # OSError: unknown names
            raise error("image_url_failed", host=address.host) from None

    async def aclose(self) -> None:
        """Let go of the resolver's threads; afterwards nothing can be fetched."""
        if self._own_resolver is not None:
            self._own_resolver.close()

    async def _follow(self, first: WebAddress) -> bytes:
        address, dial = first, await self._vetted(first)
        for hop in range(self._settings.max_redirects + 1):
            answer = await self._get(address, dial, first.host)
            if isinstance(answer, bytes):
                return answer
            if hop == self._settings.max_redirects:
                break
            try:
                address = follow(address, answer)
                self._check(address)
                dial = await self._vetted(address)
            except InvalidRequestError as failure:
                # the host that was asked for is named, not where its server pointed
                raise error(f"{failure.code}.redirect", host=first.host) from None
        raise error("image_url_too_many_redirects", host=first.host, most=self._settings.max_redirects)

    def _check(self, address: WebAddress) -> None:
        """Whether the settings allow this scheme, host and port."""
        if address.scheme == "http" and not self._settings.allow_http:
            raise error("image_url_not_allowed.scheme", allowed="https://")
        if not self._allow_list.admits(address.host):
            raise error("image_url_not_allowed.host", host=address.host)
        if address.port != DEFAULT_PORTS[address.scheme] and address.port not in self._settings.allowed_ports:
            raise error("image_url_not_allowed.port", port=address.port)

    async def _vetted(self, address: WebAddress) -> tuple[str, ...]:
        """The addresses to dial. This is the only look-up of the name: there is no second one to answer differently."""
        found = [address.host] if address.is_ip else await self._resolve(address.host, address.port)
        vetted = vet(found, allow_private=self._settings.allow_private)
        if vetted is None:
            raise error("image_url_private_address", host=address.host)
        return vetted

    async def _get(self, address: WebAddress, dial: tuple[str, ...], asked: str) -> bytes | str:
        """One request on a connection of its own.

        Returns:
            The body, or where a redirect points.
        """
        scheme, host = address.scheme.encode(), address.host.encode()
        # Name and certificate are checked by httpcore against the origin's host, whatever address was dialled.
        connection = httpcore.AsyncHTTPConnection(
            httpcore.Origin(scheme, host, address.port),
            ssl_context=self._ssl_context,
            network_backend=VettedBackend(self._backend, dial),
        )
        exchange = connection.stream(
            "GET",
            httpcore.URL(scheme=scheme, host=host, port=address.port, target=address.target.encode()),
            headers=[
                ("Host", address.authority),
                ("User-Agent", "kantu"),
                ("Accept", "image/*"),
                ("Accept-Encoding", "identity"),
                ("Connection", "close"),
            ],
            extensions={"timeout": {"connect": self._settings.connect_seconds}},
        )
        async with connection, exchange as response:
            if response.status in _REDIRECTS:
                return _location(response, asked)
            if response.status != 200:
                raise error("image_url_failed.status", host=asked, status=response.status)
            return await self._body(response, asked)

    async def _body(self, response: httpcore.Response, asked: str) -> bytes:
        most = self._settings.max_bytes
        if any(coding.lower() != b"identity" for coding in _values(response, b"content-encoding")):
            raise error("image_url_failed.compressed", host=asked)
        if any(int(length) > most for length in _values(response, b"content-length")):  # h11 saw to it that it is one
            raise error("image_too_many_bytes.file", cap=most / 2**20, param="image_url")
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > most:
                raise error("image_too_many_bytes.file", cap=most / 2**20, param="image_url")
        return bytes(body)


def _location(response: httpcore.Response, asked: str) -> str:
    locations = _values(response, b"location")
    if len(locations) != 1:
        raise error("image_url_failed", host=asked)
    try:
        return locations[0].decode()
    except UnicodeDecodeError:
        raise error("image_url_failed", host=asked) from None


def _values(response: httpcore.Response, name: bytes) -> list[bytes]:
    return [value for key, value in response.headers if key.lower() == name]


def _ssl_context(settings: FetchSettings) -> ssl.SSLContext:
    try:
        return trusting(settings.ca_file)
    except OSError:  # SSLError is one
        raise error("invalid_settings.fetch", name="ca_file") from None
