"""What is counted for Prometheus; names and meanings are listed in docs/operations.md."""

import math
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The process's counters, in a registry of its own so that tests may build several."""

    def __init__(self) -> None:
        self._by_request: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "commentdesk_requests", "HTTP requests by endpoint and status",
            ["endpoint", "status"], registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "commentdesk_request_seconds", "Time to answer by endpoint", ["endpoint"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.comments = Counter(
            "commentdesk_comments", "Comments taken in, by the status told to the author",
            ["status"], registry=self.registry,
        )  # fmt: skip
        self.refused = Counter(
            "commentdesk_refused", "Submissions refused, by error code", ["code"],
            registry=self.registry,
        )  # fmt: skip
        self.decisions = Counter(
            "commentdesk_decisions", "Comments decided by moderators", ["choice"],
            registry=self.registry,
        )  # fmt: skip
        # set when asked for, so with several workers the one that was asked last knows best
        self.redis_up = Gauge(
            "commentdesk_redis_up", "1 while Redis answers, else 0", registry=self.registry,
            multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.model_usable = Gauge(
            "commentdesk_model_usable", "1 while a model scores comments, else 0",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.writes_waiting = Gauge(
            "commentdesk_writes_waiting", "Transactions waiting for the writer",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.oldest_transaction = Gauge(
            "commentdesk_oldest_transaction_seconds",
            "Age of the oldest transaction in PostgreSQL; 0 in SQLite, NaN while it is away",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip

        self.sites_attacked = Gauge(
            "commentdesk_sites_attacked", "Sites that hold everything now, attacked or by setting",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.mails = Counter(
            "commentdesk_mails", "Mails by what became of an attempt to send them", ["result"],
            registry=self.registry,
        )  # fmt: skip
        self.mails_waiting = Gauge(
            "commentdesk_mails_waiting", "Mails in the outbox; NaN while the database is away",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.mails_failed = Gauge(
            "commentdesk_mails_failed", "Mails given up within the last 30 days",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.score_drift = Gauge(
            "commentdesk_score_drift",
            "Stability index of the last seven days' scores against the four weeks before, over"
            " 0.25 when they moved; NaN while too few",
            registry=self.registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self.score_drift.set(math.nan)

    def count_mails(self, done: Mapping[str, int]) -> None:
        """Count what became of mails."""
        for result, number in done.items():
            if number:
                self.mails.labels(result).inc(number)

    def count_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count an answer and its time."""
        found = self._by_request.get((endpoint, status))
        if found is None:
            found = self.requests.labels(endpoint, status), self.seconds.labels(endpoint)
            self._by_request[endpoint, status] = found
        answered, took = found
        answered.inc()
        took.observe(seconds)
