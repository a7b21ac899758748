"""Pictures of a request, from wherever they come, as the engine takes them."""

from kantu.service.pictures.pictures import Pictures, PictureSource, ReadPictures

__all__ = ["PictureSource", "Pictures", "ReadPictures"]
