"""What every test shares: the clock, the optional corpora, and (below) real servers."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("COMMENT_DESK_CORPORA", ROOT.parent / "shared"))


@pytest.fixture
def now() -> datetime:
    """A fixed instant, so that no test reads the clock."""
    return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of optional real data; a test that needs it skips where it is absent."""
    if not CORPORA.is_dir():
        pytest.skip(f"optional corpora not found at {CORPORA} (set COMMENT_DESK_CORPORA)")
    return CORPORA
