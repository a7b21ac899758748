"""Pictures of a request, from wherever they come, as the engine takes them."""

from kantu.service.pictures.pictures import OpenedPictures, Pictures, ReadPictures

__all__ = ["OpenedPictures", "Pictures", "ReadPictures"]
