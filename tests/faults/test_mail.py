"""Mail while the service is killed, the mail server goes away, and recipients are refused."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.faults.conftest import Note
from tests.faults.load import LIMITS_OFF
from tests.mail_server import MailServer, running_mail_server
from tests.mailing import SENDER
from tests.redis_server import free_port, wait_until
from tests.serving import Service, run_command, running_service
from tests.web.asking import COMMENTS, a_body

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
READERS = 20
MODES = pytest.mark.parametrize(
    "options", [[], ["--workers", "2"]], ids=["one process", "two workers"]
)


def settings_of(port: int) -> dict[str, str]:
    """Mail goes to this port, and each client may come from a network of its own."""
    return {
        "COMMENT_DESK_SMTP_URL": f"smtp://127.0.0.1:{port}?from={SENDER}",
        "COMMENT_DESK_TRUSTED_PROXIES": "127.0.0.1/32",
    }


def prepare(service: Service) -> None:
    service.desk("site", "add", "news", "--origin", "https://news.example")
    service.desk("site", "set", "news", *LIMITS_OFF)


def address_of(number: int) -> str:
    return f"reader{number}@mail.example"


def ask_for_mail(service: Service, number: int) -> float:
    """A comment whose author wants mail; the seconds until its receipt."""
    answer = httpx2.post(
        f"{service.url}{COMMENTS}",
        json=a_body(email=address_of(number), comment=f"Remark {number}.", notify=True),
        headers={"X-Forwarded-For": f"203.0.{number}.1"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return answer.elapsed.total_seconds()


def let_leases_end(data_dir: Path) -> None:
    """As if the minutes had passed after which a message is another process's to send."""
    with closing(sqlite3.connect(data_dir / "comments.db", timeout=10)) as conn, conn:
        conn.execute("UPDATE outbox SET due_at = created_at WHERE sent_at IS NULL")


def count_unsent(data_dir: Path) -> int:
    with closing(sqlite3.connect(data_dir / "comments.db", timeout=10)) as conn:
        query = "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL"
        return int(conn.execute(query).fetchone()[0])


def statuses(data_dir: Path) -> list[tuple[str, int]]:
    """Each comment's status, and how many entries its audit trail has."""
    with closing(sqlite3.connect(data_dir / "comments.db", timeout=10)) as conn:
        return list(
            conn.execute(
                "SELECT status, (SELECT count(*) FROM audit WHERE comment_id = comment.id)"
                " FROM comment"
            )
        )


def message_ids(server: MailServer) -> dict[str, set[str]]:
    """The ids of the letters that each address got."""
    found: dict[str, set[str]] = {}
    for letter in server.letters:
        found.setdefault(str(letter["To"]), set()).add(str(letter["Message-ID"]))
    return found


@MODES
@pytest.mark.timeout(300)
def test_r2_killed_while_it_sends_each_letter_goes_out_under_one_id(
    tmp_path: Path, options: list[str], note: Note
) -> None:
    rounds, each = 6, 10
    readers = rounds * each
    with running_mail_server() as server:
        with running_service(tmp_path, *options, **settings_of(server.port)) as service:
            prepare(service)
            for number in range(rounds):
                server.answers.clear()
                before = len(server.envelopes)
                for place in range(each):
                    ask_for_mail(service, number * each + place)
                server.await_letters(before + 1)
                if number % 2 == 0:  # somewhere in the middle; else handed over, and no answer
                    server.answers.set()
                    server.await_letters(before + 3)
                service.kill_all() if options else service.kill()
                server.answers.set()
                wait_until(lambda: not service.accepts(), "the port to be free")
                assert number % 2 == 0 or count_unsent(tmp_path) > 0
                let_leases_end(tmp_path)
                service.start()
            wait_until(lambda: count_unsent(tmp_path) == 0, "the rest to go out", seconds=60)

        sent = message_ids(server)
        assert set(sent) == {address_of(number) for number in range(readers)}
        assert all(len(ids) == 1 for ids in sent.values())
        assert len(server.envelopes) <= readers + rounds * 2
        assert statuses(tmp_path) == [("held", 1)] * readers
    mode = "two workers" if options else "one process"
    note(
        f"R2 kill -9 while mail is sent, {mode}: {len(server.envelopes)} letters",
        rounds=rounds, accepted=readers, stored=readers,
    )  # fmt: skip


@pytest.mark.timeout(300)
def test_r20_a_mail_server_that_is_away_or_slow_costs_whoever_comments_nothing(
    tmp_path: Path, note: Note
) -> None:
    port = free_port()
    with running_service(tmp_path, **settings_of(port)) as service:
        prepare(service)
        took = [ask_for_mail(service, number) for number in range(READERS)]

        def mail() -> dict[str, object]:
            found: dict[str, object] = httpx2.get(f"{service.url}/readyz").json()["parts"]["mail"]
            return found

        wait_until(lambda: mail()["status"] == "down", "the service to say so", seconds=30)
        assert mail()["waiting"] == READERS
        assert "cannot be used" in _doctor(service)

        with running_mail_server(port) as server:
            server.refuse[address_of(0)] = "550 gone"
            server.answers.clear()  # slow
            let_leases_end(tmp_path)
            server.await_letters(1, 90)
            took += [ask_for_mail(service, READERS + number) for number in range(5)]
            server.answers.set()
            let_leases_end(tmp_path)
            wait_until(lambda: count_unsent(tmp_path) == 0, "all to go out", seconds=120)
            assert address_of(0) not in message_ids(server)
            assert all(len(ids) == 1 for ids in message_ids(server).values())
        assert mail() == {**mail(), "status": "down", "waiting": 0, "failed": 1}
        assert max(took) < 1.0
        assert "@mail.example" not in service.logged
        accepted = len(took)
    note("R20 mail server away, slow, refusing", rounds=1, accepted=accepted, stored=accepted)


def _doctor(service: Service) -> str:
    done = run_command(service.data_dir, "doctor", **service.settings)
    assert done.returncode == 1
    return done.stdout
