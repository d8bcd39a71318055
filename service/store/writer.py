"""The one writer of a process: whatever waits for it shares one transaction and one fsync.

A thread of its own runs it. In SQLite what is short is run on the event loop instead, and only the
commit, which waits for the disk, is left to the thread: handing each statement over costs more than
the statement. If one function fails, its batch is rolled back and the thread runs each alone.
"""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from service.errors import Unavailable
from service.store.engine import database_trouble

T = TypeVar("T")

_BATCH = 256  # functions that share one transaction at most
_TURN = 32  # as many on the event loop: some 5 ms of its time
_ATTEMPTS = 6  # at what gave way to another process that waited for the same rows
_PAUSE = 0.02  # seconds, at most, before the second; a little longer before each further one
_WAITING = 2048  # functions that may wait; more are refused at once


class _Job:
    """A function waiting for the writer, and whoever waits for its answer."""

    __slots__ = ("answer", "call", "error", "future", "loop")

    def __init__(self, call: Callable[[Connection], Any]) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.answer: Any = None
        self.error: BaseException | None = None


class Writer:
    """Runs functions of a Connection in write transactions; `start` before use, then `stop`.

    `inline` is an engine whose transactions begin at once or not at all, for `jot`.
    """

    def __init__(self, engine: Engine, inline: Engine | None) -> None:
        self._engine = engine
        self._inline = inline
        self._connection: Connection | None = None  # of `inline`, kept open
        self._change = threading.Condition()  # guards what follows
        self._jobs: deque[_Job] = deque()
        self._jots: list[_Job] = []
        self._begun: list[_Job] = []  # run on the event loop, to be committed by the thread
        self._busy = False  # a transaction is open
        self._stopped = False
        self._pause = threading.Event()  # never set: waiting for it is a pause
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.batches = 0  # transactions ended

    @property
    def waiting(self) -> int:
        """How many functions wait."""
        return len(self._jobs) + len(self._jots)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, then close."""
        with self._change:
            self._stopped = True
            self._change.notify()
        if self._thread.is_alive():
            self._thread.join()
        for engine in filter(None, (self._engine, self._inline)):
            engine.dispose()

    async def write(self, call: Callable[[Connection], T]) -> T:
        """Run a function on the thread; returns its answer once that is on disk."""
        job = self._admit(call)
        with self._change:
            self._jobs.append(job)
            self._change.notify()
        answer: T = await job.future
        return answer

    async def jot(self, call: Callable[[Connection], T]) -> T:
        """As `write`, for a few rows by key: in SQLite on the event loop, all but the commit."""
        if self._inline is None:
            return await self.write(call)
        job = self._admit(call)
        with self._change:
            self._jots.append(job)
        if len(self._jots) == 1:  # whoever comes in this turn of the loop goes along
            job.loop.call_soon(self._begin)
        answer: T = await job.future
        return answer

    def _admit(self, call: Callable[[Connection], Any]) -> _Job:
        if self._stopped:
            raise Unavailable("The service is stopping.")
        if self.waiting >= _WAITING:
            raise Unavailable("Too much is waiting to be stored.")
        return _Job(call)

    def _begin(self) -> None:
        """Run what was jotted, on the event loop; if a transaction is open, its end calls again."""
        with self._change:
            if self._busy or not self._jots:
                return
            self._busy = True
            jots, self._jots = self._jots[:_TURN], self._jots[_TURN:]
        try:
            with database_trouble():
                self._run_inline(jots)
        except Exception:  # locked, or one of them failed: the thread waits, and tells which
            self._roll_back()
            with self._change:
                self._busy = False
                self._jobs.extend(jots)
                self._change.notify()
        else:
            with self._change:
                self._begun = jots
                self._change.notify()

    def _run_inline(self, jots: Iterable[_Job]) -> None:
        assert self._inline is not None
        if self._connection is None:
            self._connection = self._inline.connect()
        self._connection.begin()
        for job in jots:
            job.answer = job.call(self._connection)

    def _roll_back(self) -> None:
        """Give up the open transaction of `jot`, and its connection: the next one opens anew."""
        conn, self._connection = self._connection, None
        if conn is not None:
            conn.invalidate()
            conn.close()

    def _run(self) -> None:
        while batch := self._next_batch():
            jobs, is_begun = batch
            if is_begun:
                self._commit(jobs)
            else:
                self._run_batch(jobs)
            self.batches += 1
            self._tell(jobs)
        self._roll_back()

    def _next_batch(self) -> tuple[list[_Job], bool] | None:
        """What is to be done next and whether it only waits for its commit; None: stop."""
        with self._change:
            while not self._begun and (self._busy or not (self._jobs or self._stopped)):
                self._change.wait()
            if self._begun:
                begun, self._begun = self._begun, []
                return begun, True
            if self._stopped:
                self._jobs.extend(self._jots)
                self._jots = []
            jobs = [self._jobs.popleft() for _ in range(min(_BATCH, len(self._jobs)))]
            self._busy = bool(jobs)
            return (jobs, False) if jobs else None

    def _tell(self, jobs: list[_Job]) -> None:
        """Give the callers their answers, and whatever was jotted meanwhile its turn."""
        with self._change:
            self._busy = False
            if self._jobs:
                self._jobs.extend(self._jots)  # those who waited with them go along
                self._jots = []
            next_loops = {job.loop for job in self._jots[:1]}
        for loop in {job.loop for job in jobs} | next_loops:
            settled = [job for job in jobs if job.loop is loop]
            try:
                loop.call_soon_threadsafe(self._settle, settled)
            except RuntimeError:
                continue  # that loop is closed: nobody waits any more

    def _settle(self, jobs: list[_Job]) -> None:
        for job in jobs:
            if job.future.done():
                continue  # the caller left
            if isinstance(job.error, StopIteration):  # which no future takes (as in PEP 479)
                job.future.set_exception(RuntimeError(repr(job.error)))
            elif job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.answer)
        self._begin()

    def _commit(self, jobs: list[_Job]) -> None:
        assert self._connection is not None
        try:
            with database_trouble():
                self._connection.commit()
        except Exception as error:
            self._roll_back()
            for job in jobs:
                job.error = error

    def _run_batch(self, batch: list[_Job]) -> None:
        try:
            self._run_together(batch)
        except Unavailable as error:
            if _is_retryable(error.__cause__):
                self._run_each_alone(batch)
            else:
                for job in batch:
                    job.error = error
        except Exception:  # whoever failed is found by running each alone
            self._run_each_alone(batch)

    def _run_together(self, batch: list[_Job]) -> None:
        with database_trouble(), self._engine.begin() as conn:
            for job in batch:
                job.answer = job.call(conn)

    def _run_each_alone(self, batch: list[_Job]) -> None:
        for job in batch:
            for attempt in range(_ATTEMPTS):
                self._pause.wait(random.uniform(0, _PAUSE * attempt))  # noqa: S311 - out of step
                try:
                    self._run_together([job])
                    job.error = None
                    break
                except Unavailable as error:
                    job.error = error
                    if not _is_retryable(error.__cause__):
                        break
                except Exception as error:
                    job.error = error
                    break


def _is_retryable(cause: BaseException | None) -> bool:
    """Deadlocks and serialisation failures are rolled back whole and may simply run again."""
    return getattr(getattr(cause, "orig", None), "sqlstate", None) in ("40001", "40P01")
