"""What Prometheus reads at ``/metrics``."""

from __future__ import annotations

import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blemish.findings import Finding

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TENTHS = [number / 10 for number in range(11)]
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self.in_progress = Gauge("blemish_requests_in_progress", "Requests that are being answered.", registry=own)
        self.requests = Counter("blemish_requests", "Requests answered.", ["method", "route", "code"], registry=own)
        self.seconds = Histogram("blemish_request_seconds", "Time to answer.", ["route"], registry=own)
        self.batch = Histogram("blemish_batch_images", "Images in a request.", buckets=_BATCHES, registry=own)
        self.scores = Histogram("blemish_score", "Image scores.", ["detector"], buckets=_TENTHS, registry=own)
        self.p_values = Histogram(
            "blemish_p_value", "P-values by calibrated detectors.", ["detector"], buckets=_TENTHS, registry=own
        )
        self.verdicts = Counter("blemish_verdicts", "Verdicts.", ["detector", "verdict"], registry=own)
        self.unreadable = Counter("blemish_unreadable_images", "Images that could not be inspected.", registry=own)
        self.waiting = Gauge("blemish_images_waiting", "Images that wait for their turn.", registry=own)
        self.drift = Gauge("blemish_drift_alarm", "1: a guarantee is in doubt.", ["detector"], registry=own)

    def count(self, detector: str, finding: Finding) -> None:
        """Count what was said about an image."""
        if finding.error is not None:
            self.unreadable.inc()
            return
        self.verdicts.labels(detector, finding.verdict or "none").inc()
        if finding.score is not None:
            self.scores.labels(detector).observe(finding.score)
        if finding.p_value is not None:
            self.p_values.labels(detector).observe(finding.p_value)

    def text(self) -> bytes:
        """All of them in Prometheus's format."""
        return generate_latest(self._registry)


@dataclass(slots=True)
class Measured:
    """Counts requests and their time by route: never by address, of which there may be any number."""

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        code, started = "500", time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
            await send(message)

        self.metrics.in_progress.inc()
        try:
            await self.app(scope, receive, sending)
        finally:
            self.metrics.in_progress.dec()
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(scope["method"], route, code).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - started)
