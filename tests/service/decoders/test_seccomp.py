"""The filter, run by hand: which calls it lets through on which machine."""

from __future__ import annotations

import struct

import pytest

from kantu.service.decoders import seccomp

ALLOW, KILL = seccomp._ALLOW, seccomp._KILL_PROCESS
MACHINES = seccomp._AUDIT_ARCHITECTURES

# What must never be had, by machine; numbers from Linux' syscall tables.
FORBIDDEN = {
    "x86_64": {
        **{"read": 0, "write": 1, "open": 2, "openat": 257, "openat2": 437, "sendmsg": 46, "recvmsg": 47},
        **{
            "socket": 41,
            "connect": 42,
            "clone": 56,
            "clone3": 435,
            "fork": 57,
            "execve": 59,
            "kill": 62,
            "tgkill": 234,
        },
        **{
            "ptrace": 101,
            "process_vm_writev": 311,
            "io_uring_setup": 425,
            "bpf": 321,
            "prlimit64": 302,
            "unshare": 272,
        },
        "prctl": 157,
    },
    "aarch64": {
        **{"read": 63, "write": 64, "openat": 56, "openat2": 437, "sendmsg": 211, "recvmsg": 212},
        **{"socket": 198, "connect": 203, "clone": 220, "clone3": 435, "execve": 221, "kill": 129, "tgkill": 131},
        **{"ptrace": 117, "process_vm_writev": 271, "io_uring_setup": 425, "bpf": 280, "prlimit64": 261, "unshare": 97},
        "prctl": 167,
    },
}


def verdict(machine: str, number: int, third: int = 0, architecture: int | None = None) -> int:
    """What the filter says to a call, by running its program."""
    column, own = MACHINES[machine]
    code = seccomp._program(column, own)
    steps = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    data = struct.pack("=iIQ", number, own if architecture is None else architecture, 0) + struct.pack(
        "=QQQ", 0, 0, third
    )
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, value = steps[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif operation == 0x06:
            return value
        else:
            holds = accumulator == value if operation == 0x15 else bool(accumulator & value)
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_only_what_decoding_takes_is_let_through(machine: str) -> None:
    column, _ = MACHINES[machine]
    allowed = {number for number in range(600) if verdict(machine, number) == ALLOW}
    assert allowed == {numbers[column] for numbers in (seccomp._ALLOWED | seccomp._MAPPING).values()}
    assert not allowed & set(FORBIDDEN[machine].values())


@pytest.mark.parametrize("machine", MACHINES)
def test_memory_may_be_mapped_but_not_to_be_executed(machine: str) -> None:
    column, _ = MACHINES[machine]
    for numbers in seccomp._MAPPING.values():
        assert verdict(machine, numbers[column], third=3) == ALLOW
        assert verdict(machine, numbers[column], third=7) == KILL


def test_another_architecture_s_calls_are_none_of_these() -> None:
    assert verdict("x86_64", 45, architecture=0x40000003) == KILL  # i386
    assert verdict("x86_64", 45 | 0x40000000) == KILL  # x32
