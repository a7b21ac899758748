"""The errors that having a process in between adds to the engine's own."""

from __future__ import annotations

import math

from kantu.errors import CancelledError, EngineError, NotReadyError, OverloadedError


def engine_closed() -> CancelledError:
    """What runs, and what comes, once the engine is closed."""
    return CancelledError("engine_closed", "引擎已关闭。", "The engine is closed.")


def engine_crashed() -> EngineError:
    """What ran in a process that ended."""
    return EngineError(
        "engine_crashed",
        "引擎进程意外退出，这个请求没有完成；引擎正在自动重启，请稍后重试。",
        "The engine's process ended unexpectedly and took this request with it; it is being restarted. Try again.",
    )


def engine_failed() -> EngineError:
    """A request that hit a mistake of ours in the engine's process."""
    return EngineError(
        "engine_failed",
        "引擎处理这个请求时出错，其他请求不受影响；请重试，或查看日志。",
        "The engine failed on this request; others go on. Try again, or see the log.",
    )


def load_failed() -> EngineError:
    """Loading that ended in an error which is none of ours, and which the engine's process has logged."""
    return EngineError(
        "engine_load_failed",
        "加载模型时出错，原因见引擎进程的日志。",
        "Loading the model failed; the log of the engine's process says why.",
    )


def not_ready(state: str, retry_after_seconds: float) -> NotReadyError:
    """What comes while there is no engine to take it."""
    seconds = math.ceil(retry_after_seconds)
    why, why_en = {
        "loading": ("模型正在加载", "The model is being loaded"),
        "failed": ("模型加载失败", "The model could not be loaded"),
        "unresponsive": ("引擎没有响应，可能即将重启", "The engine does not respond and may be restarted"),
    }.get(state, ("引擎正在重启", "The engine is being restarted"))
    return NotReadyError(
        "engine_not_ready",
        f"{why}，请在 {seconds} 秒后重试。",
        f"{why_en}; try again in {seconds} seconds.",
        retry_after_seconds=retry_after_seconds,
    )


def overloaded() -> OverloadedError:
    """What comes while too much still waits to be handed to the engine's process."""
    return OverloadedError(
        "overloaded",
        "正在交给引擎的请求太多，请在 1 秒后重试。",
        "Too many requests are on their way to the engine; try again in a second.",
        retry_after_seconds=1.0,
    )
