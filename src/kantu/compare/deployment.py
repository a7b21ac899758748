"""What stands behind HTTP: the services of a contender, each with a process, and how clients reach them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol
from urllib.parse import urlsplit

from kantu.bench.gateway import Gateway, Home, default_command, fresh_home, running
from kantu.bench.memory import engine_pid
from kantu.compare.relay import Relay
from kantu.contenders.contender import Contender
from kantu.contenders.server import API_KEY_VARIABLE, Server

_GATEWAY, _ENGINE = "gateway", "engine"
_KEY = "compare"  # the name of the key that it is asked with


class Process(Protocol):
    """A process of a service."""

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        ...

    def revive(self) -> None:
        """Start it again where it was, as a supervisor would; nothing where somebody does so already."""
        ...


class Deployment(Protocol):
    """Services that are up.

    Attributes:
        services: name -> URL, of all that talk HTTP.
        processes: name -> process, of all that can be killed.
    """

    @property
    def services(self) -> Mapping[str, str]: ...

    @property
    def processes(self) -> Mapping[str, Process]: ...

    def client(self, services: Mapping[str, str], *, parallel: int) -> Callable[[], Contender]:
        """What makes a client that reaches the services at these addresses; it travels to other processes."""
        ...


class KantuGateway:
    """Our gateway, as a process that can be started again at its port."""

    def __init__(self, home: Home, options: list[str], stack: contextlib.ExitStack) -> None:
        self._home, self._options, self._stack = home, options, stack
        self.running = self._start("0")

    def _start(self, port: str) -> Gateway:
        return self._stack.enter_context(running(self._home, [*self._options, "--port", port]))

    @property
    def key(self) -> str:
        """With which it is asked."""
        return self._home.keys[_KEY]

    def kill(self) -> None:
        self.running.process.kill()

    def revive(self) -> None:
        self.running.process.wait()
        self.running = self._start(str(self.running.port))


class _Engine:
    """The engine's process, which the gateway watches and restarts."""

    def __init__(self, gateway: KantuGateway) -> None:
        self._gateway = gateway

    def kill(self) -> None:
        pid = engine_pid(self._gateway.running.process.pid)
        if pid is not None:  # else it is being restarted already
            os.kill(pid, signal.SIGKILL)

    def revive(self) -> None:
        """The gateway does."""


class KantuDeployment:
    """Our gateway, with its engine in another process."""

    def __init__(self, gateway: KantuGateway) -> None:
        self.gateway = gateway
        self.services = {_GATEWAY: f"http://127.0.0.1:{gateway.running.port}/v1"}
        self.processes: Mapping[str, Process] = {_GATEWAY: gateway, _ENGINE: _Engine(gateway)}

    @property
    def model(self) -> str:
        """What the gateway calls its model."""
        return self.gateway.running.model

    def client(self, services: Mapping[str, str], *, parallel: int) -> Callable[[], Contender]:
        make = functools.partial(Server, f"{services[_GATEWAY]}#{self.model}", parallel=parallel, dialect="vllm")
        return functools.partial(with_key, self.gateway.key, make)


@contextlib.contextmanager
def kantu_deployment(model: str | None) -> Iterator[KantuDeployment]:
    """A gateway of our own with this model.

    Raises:
        EngineError: `gateway_failed`, as where the extra `service` is not installed.
    """
    options = [] if model is None else ["--model", model]
    with fresh_home(default_command(), (_KEY,)) as home, contextlib.ExitStack() as stack:
        yield KantuDeployment(KantuGateway(home, options, stack))


@contextlib.contextmanager
def relays(services: Mapping[str, str], *, slow_seconds: float) -> Iterator[dict[str, Relay]]:
    """A relay in front of each service, by its name."""
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(contextlib.closing(Relay(url, slow_seconds=slow_seconds)))
            for name, url in services.items()
        }


def with_key(key: str, make: Callable[[], Contender]) -> Contender:
    """What `make` makes of a server, which takes its key from the environment, where no other is to stay."""
    before = os.environ.get(API_KEY_VARIABLE)
    os.environ[API_KEY_VARIABLE] = key
    try:
        return make()
    finally:
        if before is None:
            del os.environ[API_KEY_VARIABLE]
        else:
            os.environ[API_KEY_VARIABLE] = before


def port_of(url: str) -> int:
    """The port of an address; 0 where it names none."""
    return urlsplit(url).port or 0
