"""The command line: `comment-desk` or `python -m service`."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from service.commands import classifier, evaluate, models, operations, people, rules, serve, sites
from service.errors import DeskError


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line; the usage is what `--help` is for."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 with one clear line when it cannot."""
    parser = Parser(
        prog="comment-desk",
        description="Takes comments in, decides what a machine may decide, shows people the rest.",
    )
    parser.add_argument(
        "--data-dir", default="", help="where everything lives (COMMENT_DESK_DATA_DIR)"
    )
    parser.add_argument("--version", action="version", version=version("comment-desk"))
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (serve, sites, rules, people, classifier, evaluate, models, operations):
        group.add_to(subparsers)
    args = parser.parse_args(argv)
    os.umask(0o077)  # what we make is for nobody else to read
    try:
        status: int = args.run(args)
    except DeskError as error:
        print(f"comment-desk: {error.detail}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
