"""Tests mirror `service/`: `service/x/y.py` is tested in `tests/x/test_y.py`."""
