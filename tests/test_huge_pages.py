"""Huge pages: what a process built at start is moved into them, and stays what it was."""

import subprocess
import sys

import pytest

MOVE = """
from pathlib import Path
from service.huge_pages import use_huge_pages

def resident(kind):
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(kind))

words = [str(number) for number in range(400_000)]
held = resident("Rss:")
moved = use_huge_pages()
assert words == [str(number) for number in range(400_000)], "memory changed"
print(moved, resident("AnonHugePages:") // 2048, resident("Rss:") - held)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what lies in huge pages")
def test_what_was_allocated_is_moved_to_huge_pages_unchanged_and_takes_hardly_more_memory() -> None:
    found = subprocess.run([sys.executable, "-c", MOVE], capture_output=True, text=True, check=True)

    moved, in_huge_pages, more = map(int, found.stdout.split())
    if moved == 0:
        pytest.skip("this kernel gives no huge pages when asked")
    assert in_huge_pages >= moved
    assert more < 4 * 2048
