"""Breaks the service at one step of a submission; Python reads it when PYTHONPATH names its place.

Nothing of it is in the service: the interpreter tells of every call, and the calls that leave the
process are the steps. `STEP_NUMBER` says at which of them, `STEP_FAULT` what happens just before it
is done: `kill` (SIGKILL) or `fail` (what a lost server or disk does). Each step, and the fault,
is a line in the file `STEP_FILE`.
"""

import os
import signal
import socket
import sqlite3
import sys
import threading
from types import FrameType
from typing import Any

_STATEMENTS = ("execute", "commit", "rollback")
_CALLS = {  # by name, and the end of the file it is in
    ("execute", "psycopg/cursor.py"): "postgresql execute",
    ("_exec_command", "psycopg/_connection_base.py"): "postgresql begin or commit",
    ("send_packed_command", "redis/asyncio/connection.py"): "redis send",
    ("read_response", "redis/asyncio/connection.py"): "redis receive",
    ("_flush", "service/commands/protocol.py"): "answer",
}
_NAMES = {name for name, _ in _CALLS} | {"_submit"}


class Steps:
    """Counts the steps from the begin of the first submission up to its answer."""

    def __init__(self, number: int, fault: str, file: str) -> None:
        self._number = number
        self._fault = fault
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._counted = 0
        self._is_under_way = False

    def __call__(self, frame: FrameType, event: str, subject: Any) -> None:
        """What the interpreter calls, for each call and return."""
        if event == "call":
            name = frame.f_code.co_name
            if name in _NAMES:
                self._note_call(name, frame)
        elif event == "c_call" and self._is_under_way and subject.__name__ in _STATEMENTS:
            on = getattr(subject, "__self__", None)
            if isinstance(on, (sqlite3.Connection, sqlite3.Cursor)):
                self._step(f"sqlite {subject.__name__}", on)

    def arm(self, _number: int, _frame: FrameType | None) -> None:
        """Watch the main thread as well from now on."""
        sys.setprofile(self)
        os.write(self._file, b"armed\n")

    def _note_call(self, name: str, frame: FrameType) -> None:
        path = frame.f_code.co_filename
        if name == "_submit" and path.endswith("service/submit.py"):
            self._is_under_way = True
        elif self._is_under_way:
            for (called, place), step in _CALLS.items():
                if name == called and path.endswith(place):
                    self._step(step, frame.f_locals["self"])

    def _step(self, name: str, on: Any) -> None:
        with self._lock:
            self._counted += 1
            is_the_one = self._counted == self._number
        os.write(self._file, f"{name}\n".encode())
        if name == "answer":
            self._is_under_way = False
        if not is_the_one:
            return
        if self._fault == "kill":
            os.write(self._file, b"fault\n")
            os.kill(os.getpid(), signal.SIGKILL)
        elif name != "answer":
            os.write(self._file, b"fault\n")
            _fail(name, on)


def _fail(name: str, on: Any) -> None:
    """The disk fails, Redis ends the connection, or the line to PostgreSQL is cut."""
    if name.startswith("sqlite"):
        raise sqlite3.OperationalError("disk I/O error")
    if name.startswith("redis"):
        raise ConnectionResetError("connection reset by peer")
    connection = getattr(on, "connection", on)  # of a cursor
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


if "STEP_FILE" in os.environ and "serve" in sys.orig_argv:
    steps = Steps(int(os.environ["STEP_NUMBER"]), os.environ["STEP_FAULT"], os.environ["STEP_FILE"])
    threading.setprofile(steps)  # for the threads to come; the main one is not slowed down yet
    signal.signal(signal.SIGUSR1, steps.arm)
