"""The label in what files know about themselves.

Pictures: XMP with the name space of TC260's practice guide on the metadata of pictures. HTML: a `meta` element.
Spreadsheets have a document property, which `batch.export` writes; CSV and JSON Lines have no place for any.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from kantu.aigc.label import REPORT, Aigc, ContentLabel, LabelPolicy
from kantu.errors import error
from kantu.output_files import draft

NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"

_LABELLED = ("PNG", "JPEG", "WEBP")  # formats with a place for XMP
_PNG_XMP = "XML:com.adobe.xmp"  # keyword of its chunk in PNG (XMP specification, part 3)


def picture_format(path: Path, label: ContentLabel | None) -> str:
    """The format in which a picture with this label is saved there, as Pillow calls it.

    Raises InvalidRequestError: `drawing_unwritable`: no format has that ending; `drawing_unlabelled`: the format has
    no place for the label's object.
    """
    file_format = Image.registered_extensions().get(path.suffix.lower())
    if file_format not in Image.SAVE:
        raise error("drawing_unwritable", path=path)
    if label is not None and label.AIGC is not None and file_format not in _LABELLED:
        raise error("drawing_unlabelled", path=path)
    return file_format


def save_picture(image: Image.Image, path: Path, label: ContentLabel | None) -> None:
    """Save a picture with its metadata.

    Raises as `picture_format` and `draft`.
    """
    file_format = picture_format(path, label)
    options = {} if label is None or label.AIGC is None else _options(file_format, xmp_packet(label.AIGC))
    with draft(path) as made:
        image.save(made, file_format, **options)


def xmp_packet(aigc: Aigc) -> bytes:
    """The XMP packet that holds the object."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:TC260="{NAMESPACE}"><TC260:AIGC>{escape(aigc.to_json())}</TC260:AIGC>'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def report_label() -> Mapping[str, str]:
    """What the template of an HTML report says of its label, a fresh one by the environment's policy."""
    label = LabelPolicy.from_environment().label(REPORT, secrets.token_hex(12))
    return {"aigc": html_meta(label), "sentence": html_sentence(label)}


def html_meta(label: ContentLabel | None) -> str:
    """An element for the head of an HTML file; "" where there is no object."""
    if label is None or label.AIGC is None:
        return ""
    return f'<meta name="AIGC" content="{escape(label.AIGC.to_json())}">'


def html_sentence(label: ContentLabel | None) -> str:
    """A paragraph for its body; "" where there is no sentence."""
    if label is None or label.sentence is None:
        return ""
    return f'<p class="quiet" lang="zh-CN">{escape(label.sentence)}</p>'


def _options(file_format: str, packet: bytes) -> dict[str, Any]:
    """How Pillow is told the packet, for each of the formats that have a place for it."""
    if file_format != "PNG":
        return {"xmp": packet}
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(_PNG_XMP, packet.decode())
    return {"pnginfo": chunks}
