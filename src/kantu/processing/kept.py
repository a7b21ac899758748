"""Pictures are decoded and measured once while questions about them follow each other."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections import OrderedDict

from kantu.processing.container import Container
from kantu.processing.image import CleanImage, Resizing, cleaned
from kantu.processing.quality.measure import Measures, measure

KEPT_BYTES = 2**25
"""Of pixels as the network sees them: some twenty screenshots."""

_Key = tuple[str, Resizing]


class KeptPictures:
    """The pictures that one user has asked about lately; the least recently used go first. Any thread may ask.

    A picture is known by the SHA-256 of its file and by its size, so a file that has changed is another picture. Two
    threads that need the same one at once both decode it.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()  # guards `_bytes` and what follows
        self._images: OrderedDict[_Key, CleanImage] = OrderedDict()
        self._measures: weakref.WeakKeyDictionary[CleanImage, Measures] = weakref.WeakKeyDictionary()

    def cleaned(self, file: Container, resizing: Resizing) -> CleanImage:
        """As `image.cleaned`."""
        key = hashlib.sha256(file.data).hexdigest(), resizing
        with self._lock:
            if (kept := self._images.get(key)) is not None:
                self._images.move_to_end(key)
                return kept
        image = cleaned(file, resizing)
        with self._lock:
            if key not in self._images and image.pixels.nbytes <= self._most_bytes:
                self._images[key] = image
                self._bytes += image.pixels.nbytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._images.popitem(last=False)[1].pixels.nbytes
        return image

    def measured(self, image: CleanImage) -> Measures:
        """As `quality.measure.measure`; known for as long as the image lives."""
        with self._lock:
            if (known := self._measures.get(image)) is not None:
                return known
        found = measure(image)
        with self._lock:
            self._measures[image] = found
        return found
