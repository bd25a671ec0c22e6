"""Fibers and channels of the reference interpreter: threads of which one runs at a time, in turn.

A fiber runs until it waits, yields or ends; then the one that has been ready for longest goes on. Time is
virtual: when nobody is ready, the clock jumps to the first sleeper. Programs whose output depends on another
order than this one are none for the reference interpreter.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any


class Stuck(Exception):
    """Nobody can go on."""


class Fiber:
    """One computation; `done` with a `value`, or with the `error` that ended it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.turn = threading.Semaphore(0)
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None


class Channel:
    """Values on their way. `capacity` 0: a sender waits until its value was taken."""

    def __init__(self, capacity: int) -> None:
        self.capacity = max(capacity, 0)
        self.values: deque[Any] = deque()
        self.closed = False
        self.receivers = 0  # that wait now
        self.sent = self.taken = 0

    def has_room(self) -> bool:
        """Whether a value has a place, or somebody waits for one."""
        return len(self.values) < self.capacity + self.receivers


class Scheduler:
    """Whose turn it is."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.main = self.current = Fiber(0)
        self.waiting: list[tuple[Fiber, Callable[[], bool]]] = []
        self.sleepers: list[tuple[int, int, Fiber]] = []
        self.threads: list[threading.Thread] = []
        self.now = 0
        self.ended = self.stuck = False

    def spawn(self, work: Callable[[], Any]) -> Fiber:
        """A fiber that will run `work`."""
        fiber = Fiber(next(self.numbers))

        def run() -> None:
            fiber.turn.acquire()
            if not self.ended:
                try:
                    fiber.value = work()
                except BaseException as error:
                    fiber.error = error
                fiber.done = True
                if not self.ended:
                    self._next().turn.release()

        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        self.waiting.append((fiber, lambda: True))
        return fiber

    def end(self) -> None:
        """Main is over: whoever still waits never goes on. No thread is left, so a process may fork."""
        self.ended = True
        for fiber in [f for f, _ in self.waiting] + [f for _, _, f in self.sleepers]:
            fiber.turn.release()
        for thread in self.threads:
            thread.join(timeout=5)

    def pause(self) -> None:
        """Let the others run first."""
        self.until(lambda: True)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that another fiber does."""
        self.waiting.append((self.current, condition))
        self._hand_over()

    def sleep(self, milliseconds: int) -> None:
        """Go on at that time."""
        self.wake(self.current, milliseconds)
        self._hand_over()

    def wake(self, fiber: Fiber, milliseconds: int) -> None:
        """Let a fiber go on at that time."""
        heapq.heappush(self.sleepers, (self.now + max(milliseconds, 0), next(self.numbers), fiber))

    def _hand_over(self) -> None:
        me, fiber = self.current, self._next()
        if fiber is not me:
            fiber.turn.release()
            me.turn.acquire()
            if self.ended:
                raise SystemExit
        if self.stuck:
            raise Stuck

    def _next(self) -> Fiber:
        """The fiber whose turn is next; it is the current one from now on."""
        for entry in self.waiting:
            if entry[1]():
                self.waiting.remove(entry)
                self.current = entry[0]
                return self.current
        if self.sleepers:
            self.now, _, self.current = heapq.heappop(self.sleepers)
            self.waiting = [entry for entry in self.waiting if entry[0] is not self.current]
        else:
            self.stuck = True
            self.current = self.main
        return self.current
