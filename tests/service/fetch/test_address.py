"""The parser reads plain URLs, and refuses every spelling on which two parsers could disagree."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantu.errors import InvalidRequestError
from kantu.service.fetch.address import DEFAULT_PORTS, MAX_URL, WebAddress, follow, normalise_host, parse
from kantu.service.fetch.allow_list import read_allow_list


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "target"),
    [
        ("https://example.com/a.png", "https", "example.com", 443, "/a.png"),
        ("https://example.com", "https", "example.com", 443, "/"),
        ("HTTPS://EXAMPLE.com/A.png", "https", "example.com", 443, "/A.png"),
        ("http://example.com:8080/a?b=c&d=%20", "http", "example.com", 8080, "/a?b=c&d=%20"),
        ("https://example.com/a@b:c//d", "https", "example.com", 443, "/a@b:c//d"),
        ("https://example.com/a.png#imgIndex=0", "https", "example.com", 443, "/a.png"),
        ("https://example.com/图.png?名=值", "https", "example.com", 443, "/%E5%9B%BE.png?%E5%90%8D=%E5%80%BC"),
        ('https://example.com/"<>^`{|}', "https", "example.com", 443, "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("https://例子.中国/", "https", "xn--fsqu00a.xn--fiqs8s", 443, "/"),
        ("https://xn--fsqu00a.xn--fiqs8s/", "https", "xn--fsqu00a.xn--fiqs8s", 443, "/"),
        ("https://r3---sn-4g5.example.com/", "https", "r3---sn-4g5.example.com", 443, "/"),
        ("https://pictures/", "https", "pictures", 443, "/"),
        ("https://192.0.2.7/", "https", "192.0.2.7", 443, "/"),
        ("https://[2001:DB8:0::7]:444/", "https", "2001:db8::7", 444, "/"),
    ],
)
def test_plain_urls_are_read(url: str, scheme: str, host: str, port: int, target: str) -> None:
    assert parse(url) == WebAddress(scheme, host, port, target)


INVALID = {
    "empty": "",
    "bare path": "/etc/passwd",
    "relative path": "a.png",
    "no scheme": "//example.com/a",
    "one slash": "https:/example.com/a",
    "no slash": "https:example.com/a",
    "three slashes": "https:///example.com/a",
    "backslashes": "http:/\\example.com/a",
    "backslash before the host": "https:\\\\example.com/a",
    "backslash behind the host": "https://example.com\\@evil.test/a",
    "backslash in the path": "https://example.com/a\\b",
    "user": "https://user@example.com/a",
    "user and password": "https://user:secret@example.com/a",
    "another host as user": "https://example.com@evil.test/a",
    "another host as password": "https://x:example.com@evil.test/a",
    "two ats": "https://a@evil.test@example.com/a",
    "fragment hides a host": "https://evil.test#@example.com/a",
    "fragment behind the host": "https://example.com#.evil.test/a",
    "query behind the host": "https://evil.test?@example.com/a",
    "space before": " https://example.com/a",
    "newline after": "https://example.com/a\n",
    "space in the host": "https://example.com evil.test/a",
    "tab in the scheme": "ht\ttps://example.com/a",
    "tab in the host": "https://exam\tple.com/a",
    "newline in the path": "https://example.com/a\r\nHost: evil.test",
    "zero byte": "https://example.com\x00.evil.test/a",
    "delete": "https://example.com/\x7f",
    "C1 control": "https://example.com/\x85",
    "lone surrogate": "https://example.com/\ud800",
    "percent in the host": "https://example%2ecom/a",
    "percent-encoded host": "https://%65xample.com/a",
    "percent-encoded at": "https://example.com%40evil.test/a",
    "ideographic full stop": "https://example。com/a",
    "full-width full stop": "https://example．com/a",
    "half-width ideographic full stop": "https://example｡com/a",
    "full-width letters": "https://ｅxample.com/a",
    "full-width at": "https://evil.test＠example.com/a",
    "full-width solidus": "https://evil.test／example.com/a",
    "account-of sign": "https://evil.test℀example.com/a",
    "Kelvin sign": "https://\u212aantu.test/a",
    "long s in the scheme": "http\u017f://example.com/a",
    "soft hyphen": "https://exam\u00adple.com/a",
    "zero-width space": "https://exam\u200bple.com/a",
    "right-to-left override": "https://\u202eexample.com/a",
    "upper-case IDN": "https://BÜCHER.example/a",
    "emoji": "https://☃.example/a",
    "false punycode": "https://xn--zzzzzzzz999.example/a",
    "punycode of ASCII": "https://xn--example-.com/a",
    "no host": "https:///a",
    "no host but a port": "https://:443/a",
    "trailing dot": "https://example.com./a",
    "leading dot": "https://.example.com/a",
    "two dots": "https://example..com/a",
    "leading hyphen": "https://-example.com/a",
    "underscore": "https://a_b.example/a",
    "long label": f"https://{'a' * 64}.example/a",
    "long host": f"https://{'.'.join(['a' * 49] * 6)}/a",
    "long url": f"https://example.com/{'a' * MAX_URL}",
    "decimal": "https://2130706433/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal part": "https://0x7f.1/",
    "empty hexadecimal": "https://1.0x/",
    "octal": "https://0177.0.0.1/",
    "octal zeros": "https://127.0.0.01/",
    "short": "https://127.1/",
    "zero": "https://0/",
    "five parts": "https://1.2.3.4.5/",
    "part over 255": "https://256.0.0.1/",
    "address with a trailing dot": "https://127.0.0.1./",
    "numeric top label": "https://example.1/",
    "full-width digits": "https://１２７.0.0.1/",
    "circled digits": "https://①②⑦.⓪.⓪.①/",
    "IPv6 zone": "https://[fe80::1%25eth0]/",
    "IPv6 bare zone": "https://[fe80::1%eth0]/",
    "IPv6 without brackets": "https://::1/",
    "IPv6 unclosed": "https://[::1/",
    "IPv6 with a name behind": "https://[::1].example.com/",
    "IPv6 of nothing": "https://[]/",
    "IPv6 of too much": "https://[1:2:3:4:5:6:7:8:9]/",
    "IPv6 with an octal tail": "https://[::ffff:0177.0.0.1]/",
    "IPv future": "https://[v1.fe80]/",
    "port zero": "https://example.com:0/",
    "empty port": "https://example.com:/",
    "port with zeros": "https://example.com:0443/",
    "port with a sign": "https://example.com:+443/",
    "port too large": "https://example.com:65536/",
    "port far too large": "https://example.com:4294967739/",
    "port of other digits": "https://example.com:４４３/",
    "two ports": "https://example.com:443:80/",
    "host in the port": "https://example.com:443@evil.test/",
}


@pytest.mark.parametrize("url", INVALID.values(), ids=INVALID.keys())
def test_disguises_are_invalid(url: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse(url)
    assert (caught.value.code, caught.value.param) == ("image_url_invalid", "image_url")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "file:a.png",
        "ftp://example.com/a",
        "data:image/png;base64,AAAA",
        "gopher://example.com:70/_GET",
        "javascript:alert(1)",
        "unix:/run/engine.sock",
        "jar:https://example.com/a!/b",
        "blob:https://example.com/a",
        "ws://example.com/a",
        "C:\\Windows\\a.png",
        "example.com:443/a.png",
    ],
)
def test_other_schemes_are_not_allowed(url: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse(url)
    assert caught.value.code == "image_url_not_allowed"


def test_an_error_does_not_repeat_the_url() -> None:
    for url in ("https://user:hunter2@example.com/a", "https://example.com\\/a?token=hunter2", "ftp://hunter2/"):
        with pytest.raises(InvalidRequestError) as caught:
            parse(url)
        assert "hunter2" not in caught.value.message + caught.value.message_en


BASE = WebAddress("https", "example.com", 8443, "/a/b/c.png?token=1")


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("http://other.test/x", WebAddress("http", "other.test", 80, "/x")),
        ("//other.test/x", WebAddress("https", "other.test", 443, "/x")),
        ("/x?y", WebAddress("https", "example.com", 8443, "/x?y")),
        ("x.png", WebAddress("https", "example.com", 8443, "/a/b/x.png")),
        ("./x.png", WebAddress("https", "example.com", 8443, "/a/b/x.png")),
        ("../x.png?../y", WebAddress("https", "example.com", 8443, "/a/x.png?../y")),
        ("../../../../x", WebAddress("https", "example.com", 8443, "/x")),
        ("..", WebAddress("https", "example.com", 8443, "/a/")),
        (".", WebAddress("https", "example.com", 8443, "/a/b/")),
        ("?y", WebAddress("https", "example.com", 8443, "/a/b/c.png?y")),
        ("#f", BASE),
        ("", BASE),
        ("@evil.test/", WebAddress("https", "example.com", 8443, "/a/b/@evil.test/")),
        ("/..//evil.test/x", WebAddress("https", "example.com", 8443, "//evil.test/x")),
    ],
)
def test_redirects_are_completed_from_where_they_stand(location: str, to: WebAddress) -> None:
    assert follow(BASE, location) == to


@pytest.mark.parametrize("location", ["/\\evil.test", "\\\\evil.test", "///x", "https:x", "//user@other.test", "a b"])
def test_disguised_redirects_are_invalid(location: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        follow(BASE, location)
    assert caught.value.code == "image_url_invalid"


def test_authority_is_what_the_host_header_says() -> None:
    assert parse("https://example.com:443/").authority == "example.com"
    assert parse("https://example.com:80/").authority == "example.com:80"
    assert parse("http://[::1]:81/").authority == "[::1]:81"


@pytest.mark.parametrize(("host", "is_ip"), [("[::1]", True), ("127.0.0.1", True), ("a1.b2", False), ("x", False)])
def test_addresses_are_told_from_names(host: str, is_ip: bool) -> None:
    assert parse(f"https://{host}/").is_ip == is_ip


SCHEMES = ["https", "http", "HTTPS", ":", "//", "/"]
MARKS = ["\\", "@", "?", "#", ".", ",", ";", "%", "%2e", "%40", "[", "]", "user:"]
NUMBERS = ["::1", "127.1", "0x7f", "8.8.8.8", "443", ":443", ":80"]
HOSTS = ["allowed.test", "ALLOWED.test", "sub.", "evil.test", "xn--", "xn--fiqs8s", "例子", "中国"]
LOOKALIKES = ["。", "．", "＠", "ß", "ı", "\u017f", "\u212a", "\u200d"]
SPACES = ["\t", "\n", "\r", " ", "\x00", "\xa0", "\u2028"]
PIECES = st.sampled_from(SCHEMES + MARKS + NUMBERS + HOSTS + LOOKALIKES + SPACES)
TEXTS = st.text() | st.lists(PIECES, max_size=8).map("".join)
NEARLY = st.tuples(
    st.sampled_from(["https://", "HTTP://"]),
    st.sampled_from(["", "", "", "sub.", "evil.test@", "evil.test/", "evil.test#"]),
    st.sampled_from(["allowed.test", "Allowed.TEST", "evil.test", "8.8.8.8", "[::1]", "[::FFFF:1.2.3.4]", "例子.中国"]),
    st.sampled_from(["", "", "", ".", ":443", ":80", ":8443", ":0", "@evil.test", ".evil.test", "%00", "\\"]),
    st.sampled_from(["", "/", "/a/../b?c#d"]),
    st.just("") | TEXTS,
).map("".join)
URLS = TEXTS | NEARLY
ALLOWED = read_allow_list(["allowed.test", "*.allowed.test", "8.8.8.8", "例子.中国"])


def seen_by_urllib(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return host if host.isascii() else idna.encode(host).decode()


@settings(max_examples=500)
@given(URLS)
def test_every_url_is_refused_or_leads_where_other_parsers_say(url: str) -> None:
    try:
        address = parse(url)
    except InvalidRequestError:
        return
    assert normalise_host(f"[{address.host}]" if ":" in address.host else address.host) == address.host
    # What they make of IPv6 is another spelling of the same address.
    for host in (seen_by_urllib(url), httpx.URL(url).raw_host.decode()):
        assert normalise_host(f"[{host}]" if ":" in host else host) == address.host
    other = httpx.URL(url)
    assert (other.scheme, other.port or DEFAULT_PORTS[other.scheme]) == (address.scheme, address.port)
    rebuilt = f"{address.scheme}://{address.authority}{address.target}"
    assert rebuilt.isascii()
    assert parse(rebuilt) == address


@settings(max_examples=500)
@given(URLS)
def test_what_the_allow_list_admits_is_on_it(url: str) -> None:
    try:
        host = parse(url).host
    except InvalidRequestError:
        return
    on_it = host in ("allowed.test", "8.8.8.8", "xn--fsqu00a.xn--fiqs8s") or host.endswith(".allowed.test")
    assert ALLOWED.admits(host) == on_it


@given(st.lists(PIECES, max_size=6).map("".join))
def test_no_redirect_leaves_its_host_unnoticed(location: str) -> None:
    try:
        address = follow(BASE, location)
    except InvalidRequestError:
        return
    assert address.host == "example.com" or "//" in location
