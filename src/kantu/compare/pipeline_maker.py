"""How the stitched pipeline is made: in this process, or as services behind HTTP."""

from __future__ import annotations

import functools
from pathlib import Path

from kantu import hub
from kantu.compare.disk import PIPELINE
from kantu.compare.glue import pipeline_lines
from kantu.compare.gradients import Reach, pipeline_reach
from kantu.compare.makers import Example, Maker, named
from kantu.compare.pairs import Tracing
from kantu.compare.pipeline_deployment import pipeline_deployment, provider_deployment, readers
from kantu.contenders.pipeline.assemble import Plan, open_pipeline
from kantu.contenders.pipeline.parts import STAGES
from kantu.contenders.rapidocr import model_files
from kantu.contenders.server import is_url


def pipeline_maker(model: str | None) -> Maker[Tracing]:
    """With a text model by name or folder, or one that a server has; None is the one that comes with Kantu.

    Raises ModelNotFoundError; MissingDependencyError: RapidOCR is not installed.
    """
    networks = tuple(model_files().values())
    at_provider = model is not None and is_url(model)
    folder = None if at_provider else hub.locate(model or hub.EMBEDDED_TEXT)
    return Maker(
        f"RapidOCR + {model if folder is None else named(model or hub.EMBEDDED_TEXT, folder)}",
        tuple(STAGES),
        pipeline_lines(),
        functools.partial(make_pipeline, model),
        functools.partial(pipeline_deployment, model),
        functools.partial(provider_deployment, model),
        weights=(*networks, *([] if folder is None else [folder])),
        packages=PIPELINE,
        reach=None
        if folder is None
        else functools.partial(_reach, folder, sum(path.stat().st_size for path in networks)),
    )


def make_pipeline(model: str | None) -> Tracing:
    """In this process."""
    return open_pipeline(Plan(model=model, readers=readers()))


def _reach(folder: Path, reader_bytes: int, example: Example) -> Reach:
    return pipeline_reach(folder, example.prompt, example.answer, reader_bytes)
