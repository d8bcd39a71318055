"""A wall clock that steps, for real processes: a few lines of C between them and CLOCK_REALTIME."""

import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.redis_server import server_binaries

_SOURCE = Path(__file__).with_suffix(".c")


class Clock:
    """The clock of whatever runs with `settings`; it goes on at its usual pace between steps."""

    def __init__(self, place: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None or sys.platform != "linux":
            missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            missing("a clock that steps needs Linux and a C compiler: apt-get install gcc")
        library, file = place / "clock.so", place / "clock"
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self._ahead = mmap.mmap(opened.fileno(), 8)
        self._place = place
        self.settings = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(file)}

    def set(self, seconds: int) -> None:
        """Be so many seconds ahead of the machine's clock, or behind, from now on."""
        self._ahead[:] = seconds.to_bytes(8, sys.byteorder, signed=True)

    def redis_binary(self) -> Path:
        """A Valkey that goes by this clock."""
        script = self._place / "valkey-by-this-clock"
        words = " ".join(f"{name}='{value}'" for name, value in self.settings.items())
        binary = next(iter(server_binaries()), None)
        assert binary is not None, "no valkey-server or redis-server found"
        script.write_text(f'#!/bin/sh\n{words} exec "{binary}" "$@"\n')
        script.chmod(0o700)
        return script
