"""What may harm the answer about a picture, found in its pixels before the network sees them."""

from kantu.processing.quality.warnings import all_warnings, picture_warnings

__all__ = ["all_warnings", "picture_warnings"]
