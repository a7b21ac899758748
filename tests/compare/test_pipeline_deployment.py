"""The pipeline's stages as processes: each is started, killed and started again at its port."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from kantu.compare.pipeline_deployment import StageProcess, provider_deployment
from kantu.contenders.pipeline.parts import DescribeRequest
from kantu.contenders.pipeline.remote import RemoteStage
from kantu.errors import EngineError
from tests.compare.fakes import line, seen

LINES = (line("已发货"),)
REQUEST = DescribeRequest(LINES, seen(LINES), (100, 100))


@pytest.mark.whole
def test_a_stage_comes_back_at_its_port(tmp_path: Path) -> None:
    stage = StageProcess("describe", [], tmp_path)
    try:
        stage.wait()
        port = stage.port
        with closing(RemoteStage("describe", f"http://127.0.0.1:{port}")) as client:
            assert "已发货" in client(REQUEST)
            stage.kill()
            stage.revive()
            assert stage.port == port
            assert "已发货" in client(REQUEST)
    finally:
        stage.stop()


@pytest.mark.whole
def test_a_stage_that_does_not_start_says_why(tmp_path: Path) -> None:
    stage = StageProcess("describe", ["--no-such-option"], tmp_path)
    with pytest.raises(EngineError) as caught:
        stage.wait()
    assert caught.value.code == "stage_not_started"
    assert "no-such-option" in caught.value.message


def test_a_providers_address_is_all_that_a_relay_can_stand_before() -> None:
    with provider_deployment("http://127.0.0.1:9/v1#qwen") as deployment:
        assert deployment.services == {"language": "http://127.0.0.1:9/v1"}
        assert deployment.processes == {}
