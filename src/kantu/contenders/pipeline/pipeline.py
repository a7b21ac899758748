"""The rival of one model that sees: seven stages, one after the other."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageOps
from pydantic import TypeAdapter

from kantu.contenders.contender import AskOptions, Reply
from kantu.contenders.pipeline.kept import Kept, Key
from kantu.contenders.pipeline.parts import (
    STAGES,
    Asked,
    Completion,
    CompletionRequest,
    DescribeRequest,
    FinishRequest,
    Picture,
    PromptRequest,
    StageName,
    Style,
    Trace,
    Upload,
    VisionRequest,
)
from kantu.contenders.pipeline.stages import Stages
from kantu.errors import KantuError, error
from kantu.processing.conversation import ImageSource
from kantu.processing.guard import DEFAULT_LIMITS
from kantu.processing.image import read_file
from kantu.processing.messages import read_question

Q = TypeVar("Q")
A = TypeVar("A")

_PICTURE = TypeAdapter(Picture)


class Pipeline:
    """A `Contender`. Any thread may ask; each stage says for itself how much it does at once.

    Args:
        stages: what it is put together of.
        style: how pictures are described.
        pictures: what the stages before the prompt have made of pictures; a picture is read once for all questions.
        close: frees what the stages hold.
    """

    def __init__(
        self,
        stages: Stages,
        *,
        name: str = "pipeline",
        style: Style = "markdown",
        pictures: Kept | None = None,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self.stages, self.style = name, stages, style
        self.pictures = Kept() if pictures is None else pictures
        self._close = close

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        started = time.perf_counter()
        trace = self.trace(pictures, question, options)
        return reply_of(trace, time.perf_counter() - started)

    def trace(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Trace:
        """Ask, and tell what each stage gave out.

        The budget of a question's task is that of visual tokens, of which there are none: only what the caller allows
        (`max_pixels`) counts.

        Raises KantuError: that of the stage that failed; `stage_failed` where it has a defect.
        """
        watch = _Stopwatch()
        files = _files(pictures, question)
        told = [self._see(Upload(file, options.max_pixels), watch) for file in files]
        seen, reused = tuple(picture for picture, _ in told), sum(not new for _, new in told)
        asked = Asked(question, tuple(options.history), options.schema, options.choices)
        prompt = watch.run("prompt", self.stages.prompt, PromptRequest(seen, asked))
        if prompt.ready is not None:
            return Trace(seen, prompt, Completion(prompt.ready), prompt.ready, watch.seconds, reused)
        wanted = CompletionRequest(
            prompt,
            max_tokens=options.max_tokens,
            min_tokens=options.min_tokens,
            temperature=options.temperature,
            repetition_penalty=options.repetition_penalty,
            probability=options.probability,
        )
        completion = watch.run("language", self.stages.language, wanted)
        text = watch.run("finish", self.stages.finish, FinishRequest(seen, asked, completion.text))
        return Trace(seen, prompt, completion, text, watch.seconds, reused)

    def close(self) -> None:
        self._close()

    def _see(self, upload: Upload, watch: _Stopwatch) -> tuple[Picture, bool]:
        """What is known of a picture, and whether it was read for this question."""
        key = Key.of(upload.data, upload.max_pixels, self.style)
        told, new = self.pictures.get(key, lambda: _PICTURE.dump_json(self._read(upload, watch)))
        return _PICTURE.validate_json(told), new

    def _read(self, upload: Upload, watch: _Stopwatch) -> Picture:
        """The stages that each picture passes once."""
        prepared = watch.run("intake", self.stages.intake, upload)
        lines = watch.run("ocr", self.stages.ocr, prepared)
        seen = watch.run("vision", self.stages.vision, VisionRequest(prepared, lines))
        wanted = DescribeRequest(lines, seen, prepared.size, self.style)
        return Picture(prepared.size, prepared.scale, lines, seen, watch.run("describe", self.stages.describe, wanted))


def reply_of(trace: Trace, total_seconds: float) -> Reply:
    """What a pipeline answers whose trace took so long.

    The time to the first token is that at which the text model has it, as `finish` needs the whole answer.
    """
    after = sum(trace.seconds.get(stage, 0.0) for stage in ("language", "finish"))
    said = trace.completion
    return Reply(
        trace.text,
        min(total_seconds, total_seconds - after + said.ttft_seconds),
        total_seconds,
        said.completion_tokens,
        probability=said.probability,
        prompt_tokens=said.prompt_tokens,
        finish_reason=said.finish_reason,
    )


class _Stopwatch:
    """Runs stages and adds up what each takes."""

    def __init__(self) -> None:
        self.seconds: dict[StageName, float] = {}

    def run(self, name: StageName, stage: Callable[[Q], A], request: Q) -> A:
        started = time.perf_counter()
        try:
            return stage(request)
        except KantuError:
            raise
        except Exception as failure:  # of a library, about a picture that it cannot take
            raise error("stage_failed.defect", stage=STAGES[name]) from failure
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def _files(pictures: Sequence[ImageSource], question: str) -> list[bytes]:
    """The pictures as they are uploaded. What is wrong with a picture or the question is said as by every contender."""
    sources = [reference.local for reference in read_question(list(pictures), question).images]
    return [_file(source) for source in sources if source is not None]  # Python has no others


def _file(source: ImageSource) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, Image.Image):
        buffer = io.BytesIO()
        ImageOps.exif_transpose(source).convert("RGBA").save(buffer, "PNG")
        return buffer.getvalue()
    return read_file(Path(source), DEFAULT_LIMITS)
