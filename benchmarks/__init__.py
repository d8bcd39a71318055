"""Load and latency programs. Each starts an instance of its own, measures it, and removes it.

`instance` starts and watches the service, `load` drives it over HTTP; `submit` and `replay` are the
programs: `python -m benchmarks.submit`, `python -m benchmarks.replay --corpora DIR`.
"""
