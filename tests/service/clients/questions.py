"""What the clients are asked to send."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

ORDER = Path(__file__).parents[3] / "examples" / "order.png"
MODEL = "kantu-mini"
WHY = "为什么这个还没发货？"
STATUS = "待商家发货"


def picture(file: Path = ORDER) -> dict[str, Any]:
    """A part of a message."""
    encoded = base64.b64encode(file.read_bytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}


def ask(text: str, *pictures: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The arguments of a chat completion about `pictures`, or about the order."""
    content = [*(pictures or (picture(),)), {"type": "text", "text": text}]
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], **more}
