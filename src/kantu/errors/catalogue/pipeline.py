"""Of the stages of the stitched pipeline, which may run elsewhere."""

from __future__ import annotations

from kantu.errors.catalogue.row import Row
from kantu.errors.types import InvalidRequestError, MissingDependencyError, OverloadedError, UpstreamError

# fmt: off
ROWS = {
    "opencv_missing": Row(MissingDependencyError, None,
        zh="流水线的界面分析环节需要 OpenCV：{install}",
        en="The pipeline's classical vision needs OpenCV: {install}"),
    "unknown_pipeline_stage": Row(InvalidRequestError, None, param="stage",
        zh="没有叫 {name} 的环节；有：{known}。",
        en="There is no stage {name}; known: {known}."),
    "unknown_pipeline_style": Row(InvalidRequestError, None, param="style",
        zh="没有叫 {name} 的描述方式；有：{known}。",
        en="There is no style {name}; known: {known}."),
    "stage_url": Row(InvalidRequestError, None, param="stage",
        zh="{stage}环节的网址要写成 名字=http://…，这里是 {url}。",
        en="Stages elsewhere are given as NAME=http://…, not {url}."),
    "stage_request": Row(InvalidRequestError, 400,
        zh="发给{stage}环节的内容不合约定。",
        en="What was sent to the pipeline's stage is not what it takes."),
    "stage_request.too_large": Row(InvalidRequestError, 400,
        zh="发给{stage}环节的内容不能超过 {most} MiB。",
        en="What is sent to a stage of the pipeline must not exceed {most} MiB."),
    "stage_failed": Row(UpstreamError, 502,
        zh="流水线的{stage}环节出错（HTTP {status}）。",
        en="A stage of the pipeline failed (HTTP {status})."),
    "stage_failed.defect": Row(UpstreamError, 502,
        zh="流水线的{stage}环节出错。",
        en="A stage of the pipeline failed."),
    "stage_unreachable": Row(UpstreamError, 502,
        zh="连不上流水线的{stage}环节（{url}）。请先用 kantu pipeline serve {name} 启动它。",
        en="A stage of the pipeline cannot be reached ({url}). Start it first: kantu pipeline serve {name}"),
    "stage_timeout": Row(UpstreamError, 502,
        zh="流水线的{stage}环节太久没有回应（{url}）。",
        en="A stage of the pipeline was silent for too long ({url})."),
    "stage_bad_answer": Row(UpstreamError, 502,
        zh="流水线的{stage}环节给出的内容不合约定（{url}）。",
        en="A stage of the pipeline answered something else than agreed ({url})."),
    "stage_paused": Row(OverloadedError, 503,
        zh="流水线的{stage}环节接连失败，暂停调用；请在 {seconds} 秒后重试。",
        en="A stage of the pipeline failed again and again and is left alone; try again in {seconds} s."),
    "insecure_listen.pipeline": Row(InvalidRequestError, None, param="host",
        zh="流水线的环节没有密钥和 TLS，只该监听本机；确实要监听 {host}，请加 --allow-insecure。",
        en="Stages of the pipeline have no keys and no TLS and should listen on this machine only; to listen on {host}, pass --allow-insecure."),
}
# fmt: on
