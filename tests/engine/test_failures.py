"""Library errors become ours: memory that ran out, and everything else."""

from __future__ import annotations

import logging

import pytest
import torch

from kantu.engine.failures import is_out_of_memory, typed, typed_out_of_memory
from kantu.errors import EngineError, InvalidRequestError, OutOfMemoryError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_running_out_of_memory_is_known_by_any_name(error: Exception) -> None:
    assert is_out_of_memory(error)
    found = typed(error)
    assert isinstance(found, OutOfMemoryError)
    assert found.__cause__ is error
    with pytest.raises(OutOfMemoryError), typed_out_of_memory():
        raise error


@pytest.mark.parametrize("error", [RuntimeError("shape mismatch"), ValueError("out of memory")])
def test_other_errors_are_not_taken_for_it(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)), typed_out_of_memory():
        raise error
    with caplog.at_level(logging.ERROR):
        found = typed(error)
    assert isinstance(found, EngineError)
    assert str(error) not in found.message
    assert caplog.records[0].exc_info is not None


def test_an_error_of_ours_stays_what_it_is() -> None:
    error = InvalidRequestError("code", "中文", "English")
    assert typed(error) is error
