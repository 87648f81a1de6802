"""A client of ``blemish serve``: what its routes answer, typed. Needs the extra ``client``.

>>> from blemish.client import Client                                          # doctest: +SKIP
>>> with Client("http://127.0.0.1:8000") as service:                           # doctest: +SKIP
...     (found,) = service.inspect(["wall.jpg"], mm_per_px=0.2)
...     found.finding.verdict
'reject'
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from blemish.errors import BlemishError
from blemish.files import write_bytes
from blemish.serving.answers import (
    Decision,
    Detectors,
    Inspected,
    InspectedImages,
    JobStatus,
    Page,
    Proposal,
    Proposals,
    Review,
    Stored,
    TakenLabels,
    TrainingStatus,
    TwoPoints,
)

Picture = Literal["view", "thumb", "mask", "map", "image", "corrected"]


class ServiceError(BlemishError):
    """The service did not carry a request out, and says why.

    Attributes:
        status: HTTP status code; 0 where the service was not reached.
        retry_after_s: when to try again; None where that changes nothing.
    """

    def __init__(self, status: int, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s


class Client:
    """A service, by its address.

    Args:
        address: as ``http://127.0.0.1:8000``.
        key: an API key; None where the service wants none.
        timeout_s: for one request.
        transport: what sends requests; None: the network.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        timeout_s: float = 120.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout_s, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def inspect(
        self,
        images: Sequence[Path | str | tuple[str, bytes]],
        *,
        detector: str | None = None,
        mm_per_px: float | None = None,
        grades: str | None = None,
        measure: bool = True,
        mask: Literal["none", "rle", "png"] = "none",
        overlay: bool = False,
        store: bool = True,
    ) -> list[Inspected]:
        """Inspect images, as many as the service takes at once.

        Args:
            images: files, or pairs of a name and a file's bytes.
            detector: its name; None takes the service's first one.
            mm_per_px: millimetres per pixel.
            grades: a grade scale.
            measure: whether cracks are measured.
            mask: how masks are given.
            overlay: whether images with what was found drawn on them are given.
            store: whether the service keeps findings and images for review.

        Returns:
            The answers, in order; an image that could not be inspected has its ``finding.error``.

        Raises:
            ServiceError: the service refuses, or is not reached.
        """
        files = [("file", _named(image)) for image in images]
        fields = {
            "detector": detector,
            "mm_per_px": None if mm_per_px is None else repr(mm_per_px),
            "grades": grades,
            "measure": str(measure).lower(),
            "mask": mask,
            "overlay": str(overlay).lower(),
            "store": str(store).lower(),
        }
        given = {name: value for name, value in fields.items() if value is not None}
        answer = self._send("POST", "/v1/inspect", files=files, data=given, also=(422,))
        if "results" not in answer.json():
            raise _error(answer)
        return InspectedImages.model_validate_json(answer.content).results

    def findings(self, *, order: Literal["worst", "newest"] = "worst", **filters: Any) -> Iterator[Stored]:
        """Stored findings, page by page.

        Args:
            order: which come first.
            filters: verdict, state, detector, text, job, since, until; the first two may be lists.
        """
        cursor: str | None = None
        while True:
            wanted = {**filters, "order": order, "limit": 200, **({} if cursor is None else {"cursor": cursor})}
            page = Page.model_validate_json(self._send("GET", "/v1/findings", params=wanted).content)
            yield from page.findings
            cursor = page.next
            if cursor is None:
                return

    def finding(self, finding_id: str) -> Stored:
        """One stored finding."""
        return Stored.model_validate_json(self._send("GET", f"/v1/findings/{finding_id}").content)

    def picture(self, finding_id: str, picture: Picture) -> bytes:
        """A picture: view and thumb (JPEG), mask, map and corrected (PNG), or image, the file as it was sent."""
        return self._send("GET", f"/v1/findings/{finding_id}/{picture}").content

    def review(
        self,
        finding: Stored | str,
        decision: Decision,
        *,
        tags: Sequence[str] = (),
        comment: str = "",
        mask: bytes | None = None,
        scale: TwoPoints | None = None,
    ) -> Review:
        """Decide about a finding.

        Args:
            finding: as it was looked at; given by its id alone, it is decided whatever happened since.
            decision: approve, reject, correct or reopen.
            tags: why, in words.
            comment: why, in a sentence.
            mask: with ``correct``: a PNG as large as the image, white where it is defective.
            scale: with ``correct``: a length on the surface between two places in the image.

        Raises:
            ServiceError: with status 412 where somebody else has decided since.
        """
        finding_id, etag = (finding, "*") if isinstance(finding, str) else (finding.id, f'"{finding.version}"')
        wanted: dict[str, Any] = {
            "finding_id": finding_id,
            "decision": decision,
            "tags": list(tags),
            "comment": comment,
            "mask": None if mask is None else base64.b64encode(mask).decode("ascii"),
            "scale": None if scale is None else scale.model_dump(),
        }
        answer = self._send("POST", "/v1/reviews", json=wanted, headers={"If-Match": etag})
        return Review.model_validate_json(answer.content)

    def reviews(self, finding_id: str) -> list[Review]:
        """All decisions about a finding, the first one first."""
        return [Review.model_validate(one) for one in self._send("GET", f"/v1/findings/{finding_id}/reviews").json()]

    def export(self, formats: Sequence[str], out: Path | str, **filters: Any) -> Path:
        """Write a zip of findings; the filters are those of `findings`.

        Returns:
            ``out``.
        """
        answer = self._send("GET", "/v1/findings/export", params={**filters, "format": ",".join(formats)})
        write_bytes(Path(out), answer.content)
        return Path(out)

    def begin_job(self, archive: Path | str | None = None, *, folder: str | None = None, **options: Any) -> JobStatus:
        """Inspect a zip of images, or a folder of the server's images, in the background.

        Args:
            archive: the zip.
            folder: instead, the name of a folder in that of ``--images``.
            options: detector, mm_per_px, grades, measure.
        """
        given = {**options, "folder": folder}
        parts: list[Any] = [(key, (None, str(value).encode())) for key, value in given.items() if value is not None]
        if archive is not None:
            parts.append(("archive", _named(archive)))
        answer = self._send("POST", "/v1/jobs", files=parts)
        return JobStatus.model_validate_json(answer.content)

    def job(self, job_id: str) -> JobStatus:
        """How far a job is."""
        return JobStatus.model_validate_json(self._send("GET", f"/v1/jobs/{job_id}").content)

    def watch_job(self, job_id: str) -> Iterator[JobStatus]:
        """How far a job is, whenever that changes, until it ends."""
        with self._http.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
            if not answer.is_success:
                answer.read()
                raise _error(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield JobStatus.model_validate_json(line.removeprefix("data: "))

    def cancel_job(self, job_id: str) -> JobStatus:
        """End a job after the images in hand."""
        return JobStatus.model_validate_json(self._send("DELETE", f"/v1/jobs/{job_id}").content)

    def proposals(self, *, detector: str | None = None, limit: int = 20) -> list[Proposal]:
        """Open findings in the order in which to decide about them."""
        wanted = {"limit": limit, **({} if detector is None else {"detector": detector})}
        answer = self._send("GET", "/v1/reviews/proposals", params=wanted)
        return Proposals.model_validate_json(answer.content).proposals

    def send_labels(self, file: Path | str | tuple[str, bytes], *, job: str | None = None) -> TakenLabels:
        """Decide as the labels of another tool say.

        Args:
            file: CVAT for images 1.1 (XML), COCO or labelme (JSON), or a zip of these.
            job: only findings of this job.
        """
        fields = {} if job is None else {"job": job}
        answer = self._send("POST", "/v1/labels", files=[("file", _named(file))], data=fields)
        return TakenLabels.model_validate_json(answer.content)

    def begin_training(self, **wanted: Any) -> TrainingStatus:
        """Train from the images that people have decided about; detector, method, profile, seed."""
        return TrainingStatus.model_validate_json(self._send("POST", "/v1/trainings", json=wanted).content)

    def training(self, training_id: str) -> TrainingStatus:
        """How far a training is, and how its detector compares."""
        return TrainingStatus.model_validate_json(self._send("GET", f"/v1/trainings/{training_id}").content)

    def cancel_training(self, training_id: str) -> TrainingStatus:
        """End a training."""
        return TrainingStatus.model_validate_json(self._send("DELETE", f"/v1/trainings/{training_id}").content)

    def activate_trained(self, training_id: str) -> TrainingStatus:
        """Have a training's detector answer, where it is no worse than the old one."""
        answer = self._send("POST", f"/v1/trainings/{training_id}/activate")
        return TrainingStatus.model_validate_json(answer.content)

    def detectors(self) -> Detectors:
        """All detectors."""
        return Detectors.model_validate_json(self._send("GET", "/v1/detectors").content)

    def add_detector(self, file: Path | str, name: str | None = None) -> str:
        """Add a version of a detector; the SHA-256 that it is activated by."""
        fields = {} if name is None else {"name": name}
        answer = self._send("POST", "/v1/detectors", files=[("file", _named(file))], data=fields)
        return str(answer.json()["sha"])

    def activate(self, name: str, sha: str) -> None:
        """Have a version of a detector answer from now on."""
        self._send("POST", f"/v1/detectors/{name}/activate", json={"sha": sha})

    def roll_back(self, name: str) -> None:
        """Have the version of a detector answer again that did before."""
        self._send("POST", f"/v1/detectors/{name}/roll-back")

    def _send(self, method: str, path: str, *, also: Sequence[int] = (), **what: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **what)
        except httpx.HTTPError as error:
            raise ServiceError(0, f"The service at {self._http.base_url} is not reached: {error}") from error
        if answer.is_success or answer.status_code in also:
            return answer
        raise _error(answer)


def _error(answer: httpx.Response) -> ServiceError:
    try:
        said: Mapping[str, Any] = answer.json()
        sentence = str(said["error"])
    except (ValueError, KeyError, TypeError):
        sentence = f"The service answered {answer.status_code} {answer.reason_phrase}."
    wait = answer.headers.get("Retry-After", "")
    return ServiceError(answer.status_code, sentence, float(wait) if wait.isdigit() else None)


def _named(image: Path | str | tuple[str, bytes]) -> tuple[str, bytes]:
    if isinstance(image, tuple):
        return image
    try:
        return Path(image).name, Path(image).read_bytes()
    except OSError as error:
        raise BlemishError(f'Cannot read "{image}": {error.strerror}.') from error
