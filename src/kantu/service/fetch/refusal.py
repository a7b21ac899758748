"""The errors of fetching. They name a host at most: paths and queries carry secrets, and a server's words stay out."""

from __future__ import annotations

from kantu.errors import ImageError, InvalidRequestError

_PARAM = "image_url"


def turned_off() -> InvalidRequestError:
    return _error(
        "image_url_not_allowed",
        "此服务不从网址读取图片。请使用 data: 网址，或先上传文件。",
        "This server does not fetch images from URLs; use a data: URL or upload the file.",
    )


def scheme_not_allowed(allowed: str) -> InvalidRequestError:
    return _error(
        "image_url_not_allowed",
        f"图片网址只能以 {allowed} 开头。",
        f"An image's URL must start with {allowed}.",
    )


def host_not_allowed(host: str) -> InvalidRequestError:
    return _error(
        "image_url_not_allowed",
        f"此服务不允许从 {host} 读取图片。请使用 data: 网址，或先上传文件。",
        f"This server does not fetch images from {host}; use a data: URL or upload the file.",
    )


def port_not_allowed(port: int) -> InvalidRequestError:
    return _error(
        "image_url_not_allowed",
        f"此服务不允许从端口 {port} 读取图片。",
        f"This server does not fetch images from port {port}.",
    )


def invalid() -> InvalidRequestError:
    return _error(
        "image_url_invalid",
        "图片网址无效：应形如 https://example.com/a.png，不含用户名、反斜杠、空白或变形的主机名。",
        "The image's URL is invalid: write https://example.com/a.png, without user name, backslash, white space or "
        "a disguised host.",
    )


def private_address(host: str) -> InvalidRequestError:
    return _error(
        "image_url_private_address",
        f"{host} 指向内网或保留地址，已拒绝。",
        f"{host} points to a private or reserved address and was refused.",
    )


def at_redirect(code: str, host: str) -> InvalidRequestError:
    """A refusal at a later hop: says the host that was asked for, not where its server pointed."""
    return _error(
        code,
        f"{host} 把请求转到了不允许的地址，已拒绝。",
        f"{host} redirected to an address that is not allowed.",
    )


def too_many_redirects(host: str, most: int) -> InvalidRequestError:
    return _error(
        "image_url_too_many_redirects",
        f"{host} 的转向次数超过 {most} 次。",
        f"{host} redirected more than {most} times.",
    )


def failed(host: str) -> InvalidRequestError:
    return _error(
        "image_url_failed",
        f"无法从 {host} 取得图片。",
        f"The image could not be fetched from {host}.",
    )


def bad_status(host: str, status: int) -> InvalidRequestError:
    return _error(
        "image_url_failed",
        f"{host} 没有给出图片，而是返回了状态码 {status}。",
        f"{host} answered with status {status} instead of an image.",
    )


def compressed(host: str) -> InvalidRequestError:
    return _error(
        "image_url_failed",
        f"{host} 返回了压缩过的内容，已拒绝。",
        f"{host} answered with compressed content, which is refused.",
    )


def timed_out(host: str) -> InvalidRequestError:
    return _error(
        "image_url_timeout",
        f"从 {host} 取图片超时。",
        f"Fetching the image from {host} took too long.",
    )


def too_many_bytes(max_bytes: int) -> ImageError:
    cap = max_bytes / 1024 / 1024
    return ImageError(
        "image_too_many_bytes",
        f"图片文件过大：最多 {cap:g} MiB。",
        f"The image file is too large: at most {cap:g} MiB.",
        param=_PARAM,
    )


def _error(code: str, chinese: str, english: str) -> InvalidRequestError:
    return InvalidRequestError(code, chinese, english, param=_PARAM)


def bad_setting(name: str) -> InvalidRequestError:
    """Says the setting's name, never its value."""
    return InvalidRequestError(
        "invalid_settings",
        f"设置 fetch.{name} 取值无效。",
        f"The setting fetch.{name} is not valid.",
        param=f"fetch.{name}",
    )
