"""Threads that prepare requests, taking turns between callers."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable


class Workers:
    """Runs tasks on a few threads: the tasks of one line start in order, and the lines take turns, so that one caller's
    many requests do not delay another's. A task must not raise.

    Args:
        name: of the threads, before a number.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._changed = threading.Condition()  # guards what follows
        self._lines: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()  # no line is empty
        self._closing = False
        self._threads = [threading.Thread(target=self._serve, name=f"{name}-{i}", daemon=True) for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, line: str, task: Callable[[], None]) -> None:
        """Run a task when its line's turn comes."""
        with self._changed:
            self._lines.setdefault(line, deque()).append(task)
            self._changed.notify()

    def close(self) -> None:
        """Wait until all that was submitted has run."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                if not self._lines:
                    return
                line, tasks = self._lines.popitem(last=False)
                task = tasks.popleft()
                if tasks:
                    self._lines[line] = tasks
            task()
