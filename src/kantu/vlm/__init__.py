"""The public Python interface: load a model, ask it about images.

>>> import kantu
>>> vlm = kantu.load()
>>> print(vlm.ask("order.png", "为什么这个还没发货？"))
"""

from kantu.engine.local import EngineSettings
from kantu.processing.conversation import ImageSource
from kantu.vlm.answer import Answer, AnswerStream
from kantu.vlm.device import cpu_computes_bfloat16, default_device, default_dtype
from kantu.vlm.identity import Identity, identify
from kantu.vlm.loading import load
from kantu.vlm.model import VLM
from kantu.vlm.options import Options
from kantu.vlm.tasks import TaskOptions

__all__ = [
    "VLM",
    "Answer",
    "AnswerStream",
    "EngineSettings",
    "Identity",
    "ImageSource",
    "Options",
    "TaskOptions",
    "cpu_computes_bfloat16",
    "default_device",
    "default_dtype",
    "identify",
    "load",
]
