"""The one parser of picture URLs: what it returns is both checked and fetched, so that no two parsers can disagree.

It knows only a narrow form of RFC 3986 and refuses the rest: every spelling on which browsers, RFC 3986 and the WHATWG
standard differ has been used to show one host to a check and another to a client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from kantu.errors import error

MAX_URL = 4096  # characters; signed URLs of object stores stay under 2,000
MAX_HOST = 253  # characters, RFC 1035
DEFAULT_PORTS = {"https": 443, "http": 80}

# re.ASCII: without it IGNORECASE takes U+017F for an s.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.ASCII | re.IGNORECASE)
# A query or fragment right behind the host is refused: old parsers read on to an @.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\[\]/?#@:%]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:(?P<target>/[^#]*)(?:#.*)?)?",
    re.ASCII | re.IGNORECASE,
)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")  # controls, space, backslash, lone surrogates
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_TARGET_SAFE = "%/?:@!$&'()*+,;=-._~[]"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where a request goes.

    Attributes:
        scheme: `https` or `http`.
        host: a name in lower-case ASCII (IDNA), or an IP address in its canonical form, without brackets.
        port: 1 to 65535.
        target: path and query, from the first `/`; ASCII without white space.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_ip(self) -> bool:
        """Whether the host is an IP address; a name's last label is never a number."""
        return ":" in self.host or _NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None

    @property
    def authority(self) -> str:
        """Host and port as in the Host header; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> WebAddress:
    """Read an absolute http or https URL; a fragment behind the path is dropped, as it is never sent.

    Raises:
        InvalidRequestError: `image_url_not_allowed` for another scheme, `image_url_invalid` for anything else.
    """
    scheme = _SCHEME.match(url[:64])
    if scheme is not None and scheme[1].lower() not in DEFAULT_PORTS:
        raise error("image_url_not_allowed.scheme", allowed="https://")
    if len(url) > MAX_URL or _FORBIDDEN.search(url):
        raise error("image_url_invalid")
    parts = _URL.fullmatch(url)
    host = None if parts is None else normalise_host(parts["host"])
    if parts is None or host is None:
        raise error("image_url_invalid")
    port = int(parts["port"] or DEFAULT_PORTS[parts["scheme"].lower()])
    if port > 65535:
        raise error("image_url_invalid")
    return WebAddress(parts["scheme"].lower(), host, port, quote(parts["target"] or "/", safe=_TARGET_SAFE))


def follow(base: WebAddress, location: str) -> WebAddress:
    """Where a redirect points: an absolute URL is parsed as it stands, anything else is completed and then parsed.

    Raises:
        InvalidRequestError: as `parse`.
    """
    if _SCHEME.match(location):
        return parse(location)
    if location.startswith("//"):
        return parse(f"{base.scheme}:{location}")
    path = base.target.partition("?")[0]
    if location.startswith("/"):
        target = location
    elif location.startswith("?"):
        target = path + location
    elif not location or location.startswith("#"):
        target = base.target
    else:
        target = f"{path.rpartition('/')[0]}/{location}"
    return parse(f"{base.scheme}://{base.authority}{_without_dots(target)}")


def normalise_host(text: str) -> str | None:
    """The one spelling of a host, or None where it has none.

    `[...]` is an IPv6 address without zone. A last label that is a number makes it an IPv4 address, of which only four
    plain decimals are known: decimal, hexadecimal, octal and short forms are None. Other names are labels of letters,
    digits and inner hyphens in ASCII, or what strict IDNA 2008 can encode; nothing is mapped, so full-width letters,
    other scripts' dots and a trailing dot are None.
    """
    try:
        if text.startswith("["):
            return str(IPv6Address(text[1:-1])) if text.endswith("]") and "%" not in text else None
        labels = text.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return text if str(IPv4Address(text)) == text else None
        name = ".".join(_label(label) for label in labels)
    except ValueError:
        return None
    return name if len(name) <= MAX_HOST else None


def _label(text: str) -> str:
    """One label in lower-case ASCII.

    Raises:
        ValueError: it has none (IDNAError is one).
    """
    if not text.isascii():  # before lower(), which makes an ASCII k of U+212A
        return idna.alabel(text).decode("ascii")
    label = text.lower()
    if not _LABEL.fullmatch(label):
        raise ValueError("not a label")
    if label.startswith("xn--"):
        idna.ulabel(label)
    return label


def _without_dots(target: str) -> str:
    """RFC 3986, 5.2.4: `.` and `..` in the path are steps."""
    path, mark, query = target.partition("?")
    kept: list[str] = []
    steps = path.split("/")[1:]
    for step in steps:
        if step == "..":
            del kept[-1:]
        elif step != ".":
            kept.append(step)
    if steps[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept) + mark + query
