"""Reads an AVIF file without decoding a pixel, and rebuilds it from its still image and the image's alpha alone.

Both the box around an image (`ispe`) and the AV1 data in it declare a size, and a decoder allocates for the latter. So
the sequence header is read too, and the two sizes must agree. Only the reduced header for still images is accepted:
with it every frame has the size of the sequence header, while the full form lets each frame override it.

Sources: ISO/IEC 14496-12 (boxes), 23008-12 (HEIF items), 23000-22 (MIAF), the AV1 specification 5.3 to 5.5, and the AV1
Image File Format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kantu.errors import error


@dataclass(frozen=True)
class Still:
    """Size in pixels before orientation, the rebuilt file, and `irot` and `imir` as an EXIF orientation, 1 to 8."""

    width: int
    height: int
    data: bytes
    orientation: int


@dataclass(frozen=True)
class _Item:
    """A coded image: its size, the properties that the decoder needs, and its AV1 data."""

    width: int
    height: int
    properties: tuple[tuple[bytes, bytes], ...]
    payload: bytes


@dataclass(frozen=True)
class _Meta:
    """The tables of a `meta` box, by item: kinds, where the bytes are, properties, and references (kind, from, to)."""

    primary: int
    kinds: dict[int, bytes]
    places: dict[int, tuple[tuple[int, int], ...]]
    properties: dict[int, tuple[tuple[bytes, bytes], ...]]
    references: frozenset[tuple[bytes, int, int]]


# Honest files stay far below these. Entries may cost no bytes, so they are counted over a whole table.
_MAX_BOXES = 1000
_MAX_ENTRIES = 1000
_MAX_ASSOCIATIONS = 5000  # between items and their properties
_MAX_OBUS = 5000  # an image has at most 4096 tiles, each at worst in a group of its own
_MAX_BRANDS = 64

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
# Orientation by mirror axis (`imir`: rows exchanged, columns exchanged) and by quarter turns to the left (`irot`),
# which are applied first.
_ORIENTATIONS = {None: (1, 8, 3, 6), 0: (4, 5, 2, 7), 1: (2, 7, 4, 5)}


BRANDS = frozenset({b"avif", b"avis"})


def brands(data: bytes) -> frozenset[bytes]:
    """The brands that a file starting with an `ftyp` box declares."""
    (length,) = struct.unpack_from(">I", data, 0)
    named = data[8:12] + data[16 : min(length, 16 + 4 * _MAX_BRANDS)]
    return frozenset(named[i : i + 4] for i in range(0, len(named) - 3, 4))


def read(data: bytes) -> Still:
    """Read the primary image.

    Raises:
        ImageError: `image_damaged`, or `image_unsupported_variant` for images in tiles and for sequences.
        struct.error, IndexError: the file ends too early.
    """
    meta = _meta(data)
    primary = _item(data, meta, meta.primary)
    alpha = None
    for kind, origin, target in sorted(meta.references):
        if kind == b"auxl" and target == meta.primary and _is_alpha(meta.properties.get(origin, ())):
            alpha = _item(data, meta, origin)
            premultiplied = (b"prem", meta.primary, origin) in meta.references
            if (alpha.width, alpha.height) != (primary.width, primary.height):
                raise error("image_damaged")
            break
    rebuilt = _rebuilt(primary) if alpha is None else _rebuilt(primary, alpha, premultiplied=premultiplied)
    return Still(primary.width, primary.height, rebuilt, _orientation(meta.properties.get(meta.primary, ())))


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start of the body, its end) of each box in data[start:end]."""
    for _ in range(_MAX_BOXES):
        if start == end:
            return
        length, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, body)
            body += 8
        elif length == 0:
            length = end - start
        if length < body - start or start + length > end:
            raise error("image_damaged")
        yield kind, body, start + length
        start += length
    raise error("image_damaged")


def _meta(data: bytes) -> _Meta:
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"meta":
            inside: dict[bytes, tuple[int, int]] = {}
            for name, body, body_end in _boxes(data, start + 4, end):
                inside.setdefault(name, (body, body_end))
            break
    else:
        raise error("image_damaged")
    if not inside.keys() >= {b"pitm", b"iinf", b"iloc", b"iprp"}:
        raise error("image_damaged")
    parts = {name: data[body:body_end] for name, (body, body_end) in inside.items()}
    return _Meta(
        primary=_number(parts[b"pitm"], 4, 2 if parts[b"pitm"][0] == 0 else 4),
        kinds=_kinds(parts[b"iinf"]),
        places=_places(parts[b"iloc"], idat_at=inside[b"idat"][0] if b"idat" in inside else None),
        properties=_properties(parts[b"iprp"]),
        references=frozenset(_references(parts.get(b"iref", bytes(4)))),
    )


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise error("image_damaged")
    return int.from_bytes(data[at : at + size], "big")


def _kinds(iinf: bytes) -> dict[int, bytes]:
    found = {}
    for kind, start, end in _boxes(iinf, 6 if iinf[0] == 0 else 8, len(iinf)):
        if kind == b"infe" and iinf[start] in (2, 3):
            wide = 2 if iinf[start] == 2 else 4
            entry = iinf[start:end]
            found[_number(entry, 4, wide)] = entry[6 + wide : 10 + wide]
    return found


def _places(iloc: bytes, *, idat_at: int | None) -> dict[int, tuple[tuple[int, int], ...]]:
    """Extents of each item, (offset in the file, length)."""
    version = iloc[0]
    offset_size, length_size = iloc[4] >> 4, iloc[4] & 15
    base_size, index_size = iloc[5] >> 4, iloc[5] & 15 if version in (1, 2) else 0
    id_size = 2 if version < 2 else 4
    at = 6 + id_size
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    entries = _number(iloc, 6, id_size)
    left = _MAX_ENTRIES
    if entries > _MAX_ENTRIES or version > 2:
        raise error("image_damaged")
    for _ in range(entries):
        item, at = _number(iloc, at, id_size), at + id_size
        method = 0
        if version in (1, 2):
            method, at = _number(iloc, at, 2) & 15, at + 2
        base, at = _number(iloc, at + 2, base_size), at + 2 + base_size  # 2: the file's number; there is only one
        extents, at = _number(iloc, at, 2), at + 2
        left -= extents
        if left < 0:
            raise error("image_damaged")
        if method == 1 and idat_at is not None:
            base += idat_at
        elif method != 0:
            raise error("image_damaged")
        places = []
        for _ in range(extents):
            at += index_size
            offset, at = _number(iloc, at, offset_size), at + offset_size
            length, at = _number(iloc, at, length_size), at + length_size
            places.append((base + offset, length))
        found[item] = tuple(places)
    return found


def _properties(iprp: bytes) -> dict[int, tuple[tuple[bytes, bytes], ...]]:
    """(kind, body) of each item's properties, in its order."""
    listed: list[tuple[bytes, bytes]] = []
    found: dict[int, tuple[tuple[bytes, bytes], ...]] = {}
    left = _MAX_ASSOCIATIONS
    for kind, start, end in _boxes(iprp, 0, len(iprp)):
        if kind == b"ipco":
            listed += [(name, iprp[body:body_end]) for name, body, body_end in _boxes(iprp, start, end)]
        elif kind == b"ipma":
            for item, indices in _associations(iprp[start:end]):
                left -= 1 + len(indices)
                if left < 0 or any(index > len(listed) for index in indices):
                    raise error("image_damaged")
                found[item] = tuple(listed[index - 1] for index in indices if index)
        if len(listed) > _MAX_ENTRIES:
            raise error("image_damaged")
    return found


def _associations(ipma: bytes) -> Iterator[tuple[int, list[int]]]:
    """Each item and the indices of its properties in the list, from 1; 0 stands for none."""
    id_size = 2 if ipma[0] == 0 else 4
    index_size = 2 if ipma[3] & 1 else 1
    entries, at = _number(ipma, 4, 4), 8
    essential = 1 << (8 * index_size - 1)
    for _ in range(entries):
        item, count, at = _number(ipma, at, id_size), _number(ipma, at + id_size, 1), at + id_size + 1
        yield item, [_number(ipma, at + i * index_size, index_size) & (essential - 1) for i in range(count)]
        at += count * index_size


def _references(iref: bytes) -> Iterator[tuple[bytes, int, int]]:
    id_size = 2 if iref[0] == 0 else 4
    left = _MAX_ENTRIES
    for kind, start, end in _boxes(iref, 4, len(iref)):
        body = iref[start:end]
        count = _number(body, id_size, 2)
        left -= count
        if left < 0:
            raise error("image_damaged")
        for i in range(count):
            yield kind, _number(body, 0, id_size), _number(body, id_size + 2 + i * id_size, id_size)


def _is_alpha(properties: tuple[tuple[bytes, bytes], ...]) -> bool:
    return any(kind == b"auxC" and body[4:].partition(b"\x00")[0] in _ALPHA for kind, body in properties)


def _orientation(properties: tuple[tuple[bytes, bytes], ...]) -> int:
    """The orientation by properties for turning and mirroring; a MIAF file ignores EXIF orientation."""
    turned = next((body[0] & 3 for kind, body in properties if kind == b"irot" and body), 0)
    mirrored = next((body[0] & 1 for kind, body in properties if kind == b"imir" and body), None)
    return _ORIENTATIONS[mirrored][turned]


def _item(data: bytes, meta: _Meta, item: int) -> _Item:
    kind = meta.kinds.get(item)
    if kind == b"grid":
        raise error("image_unsupported_variant.avif_tiles")
    properties = meta.properties.get(item, ())
    sizes = {body for name, body in properties if name == b"ispe"}
    codec = next((body for name, body in properties if name == b"av1C"), b"")
    if kind != b"av01" or len(sizes) != 1 or len(codec) < 4:
        raise error("image_damaged")
    places = meta.places.get(item, ())
    if sum(length for _, length in places) > len(data):  # extents may overlap
        raise error("image_damaged")
    if any(length == 0 or offset + length > len(data) for offset, length in places):
        raise error("image_damaged")
    width, height, payload = _av1(b"".join(data[offset : offset + length] for offset, length in places))
    (size,) = sizes
    if struct.unpack_from(">II", size, 4) != (width, height):
        raise error("image_damaged")
    kept = [(name, body) for name, body in properties if name in (b"ispe", b"pixi", b"auxC")]
    kept += [(b"colr", body) for name, body in properties if name == b"colr" and body.startswith(b"nclx")]  # no ICC
    return _Item(width, height, (*kept, (b"av1C", codec[:4])), payload)


def _av1(payload: bytes) -> tuple[int, int, bytes]:
    """Width and height of a still image, and its data reduced to the sequence header and one frame."""
    kept = []
    size: tuple[int, int] | None = None
    frames = 0
    at = 0
    for _ in range(_MAX_OBUS):
        if at == len(payload):
            break
        kind, start, end = _obu(payload, at)
        if kind == 1:
            if size is not None:  # a second one could change the size
                raise error("image_damaged")
            size = _sequence_size(payload[start:end])
        elif kind in (3, 6):
            frames += 1
        if kind in (
            1,
            3,
            4,
            6,
        ):  # sequence header, frame header, tiles, the last two in one; others carry no pixels
            if size is None:
                raise error("image_damaged")
            kept.append(payload[at:end])
        at = end
    else:
        raise error("image_damaged")
    if size is None or frames != 1:
        raise error("image_damaged")
    return *size, b"".join(kept)


def _obu(payload: bytes, at: int) -> tuple[int, int, int]:
    """An open bitstream unit: its type, where its body starts and where it ends."""
    head = payload[at]
    start = at + (2 if head & 4 else 1)
    length = len(payload) - start
    if head & 2:
        length = 0
        for i in range(8):  # LEB128
            length |= (payload[start] & 0x7F) << 7 * i
            start += 1
            if not payload[start - 1] & 0x80:
                break
        else:
            raise error("image_damaged")
    if head & 0x80 or length < 0 or start + length > len(payload):
        raise error("image_damaged")
    return head >> 3 & 15, start, start + length


def _sequence_size(header: bytes) -> tuple[int, int]:
    """Size in pixels from a reduced sequence header: profile 3 bits, still 1, reduced 1, level 5, then the sizes."""
    bits = int.from_bytes(header[:8].ljust(8, b"\x00"), "big")
    if len(header) < 4:
        raise error("image_damaged")
    if bits >> 59 & 3 != 3:
        raise error("image_unsupported_variant.avif_sequence")
    width_bits, height_bits = (bits >> 50 & 15) + 1, (bits >> 46 & 15) + 1
    height_at = 46 - width_bits - height_bits
    width = bits >> (46 - width_bits) & (1 << width_bits) - 1
    height = bits >> height_at & (1 << height_bits) - 1
    if (64 - height_at + 7) // 8 > len(header):
        raise error("image_damaged")
    return width + 1, height + 1


def _rebuilt(*items: _Item, premultiplied: bool = False) -> bytes:
    """A file of the image, and of its alpha if there is one."""
    ftyp = _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")
    mdat_at = len(ftyp) + len(_rebuilt_meta(items, 0, premultiplied))
    payloads = b"".join(item.payload for item in items)
    return ftyp + _rebuilt_meta(items, mdat_at + 8, premultiplied) + _box(b"mdat", payloads)


def _rebuilt_meta(items: tuple[_Item, ...], offset: int, premultiplied: bool) -> bytes:
    """`offset` is where the items' data begins in the file."""
    places = names = associations = listed = b""
    properties = 0
    for i, item in enumerate(items, start=1):
        places += struct.pack(">HHHII", i, 0, 1, offset, len(item.payload))
        offset += len(item.payload)
        names += _box(b"infe", b"\x02\x00\x00\x00" + struct.pack(">HH", i, 0) + b"av01\x00")
        associations += struct.pack(">HB", i, len(item.properties))
        for kind, body in item.properties:
            properties += 1
            associations += bytes([properties | (0x80 if kind == b"av1C" else 0)])
            listed += _box(kind, body)
    references = _box(b"auxl", struct.pack(">HHH", 2, 1, 1)) if len(items) == 2 else b""
    if premultiplied:
        references += _box(b"prem", struct.pack(">HHH", 1, 1, 2))
    return _box(
        b"meta",
        bytes(4)
        + _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
        + _box(b"pitm", bytes(4) + struct.pack(">H", 1))
        + _box(b"iloc", bytes(4) + b"\x44\x00" + struct.pack(">H", len(items)) + places)
        + _box(b"iinf", bytes(4) + struct.pack(">H", len(items)) + names)
        + (_box(b"iref", bytes(4) + references) if references else b"")
        + _box(
            b"iprp",
            _box(b"ipco", listed) + _box(b"ipma", bytes(4) + struct.pack(">I", len(items)) + associations),
        ),
    )


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body
