"""One worker of `serve --workers N`, in a process of its own."""

import ctypes
import os
import signal
import sys

from starlette.applications import Starlette

from service import logs
from service.app import from_environ, settle_memory

_PR_SET_PDEATHSIG = 1


def app() -> Starlette:
    """The application; the process leaves when its parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if str(os.getppid()) != os.environ["COMMENT_DESK_PARENT"]:  # it ended before the call above
        os._exit(1)
    logs.configure()
    settle_memory()
    return from_environ()
