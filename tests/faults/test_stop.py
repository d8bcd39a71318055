"""SIGTERM under load: no new request, the rest is answered, and it leaves with 0 (R26)."""

from pathlib import Path

import pytest

from tests.faults.conftest import Note
from tests.faults.invariants import check_invariants, check_log
from tests.faults.load import Log, load, prepare, retry
from tests.serving import running_service

pytestmark = pytest.mark.slow
ROUNDS = 5


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one process", "two workers"])
def test_r26_sigterm_with_a_hundred_under_way_answers_them_and_leaves_with_0(
    tmp_path: Path, options: list[str], note: Note
) -> None:
    log, kept = Log(), 0
    with running_service(tmp_path, *options) as service:
        token = prepare(service)
        for _round in range(ROUNDS):
            with load(service, log=log, token=token, clients=100) as clients:
                clients.await_receipts(150)
                assert service.stop() == 0
            service.start()
            retry(service, log, log.unanswered[:20])
            kept = check_invariants(service, log, token)
        check_log(service)
    mode = "two workers" if options else "one process"
    note(f"R26 SIGTERM, {mode}", rounds=ROUNDS, accepted=len(log.ids), stored=kept)
