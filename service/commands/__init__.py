"""The command line, one file per group of commands.

Each module has `add_to(subparsers)`; each command sets `run`, a function of the parsed arguments
that returns the exit status. Heavy imports stay inside `run`, so that `--help` answers at once.
"""
