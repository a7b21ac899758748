"""Pictures of a request, from wherever they come, as the engine takes them."""

from kantu.service.pictures.pictures import Pictures, ReadPictures

__all__ = ["Pictures", "ReadPictures"]
