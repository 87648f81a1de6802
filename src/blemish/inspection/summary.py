"""What came of inspecting many images: counts, findings, and where they were written."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from blemish.findings import FINDINGS_NAME, UNDECIDED, VERDICTS, Finding, Language, RunRecord, Verdict, read_findings
from blemish.inspection.progress import Progress
from blemish.inspection.writing import writing_findings
from blemish.reports.document import Document
from blemish.reports.messages import Messages
from blemish.reports.pictures import show
from blemish.reports.problem_count import ProblemCount

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class InspectionSummary:
    """What `blemish.inspect` returns.

    Attributes:
        inspected: images with an answer.
        failed: images that could not be inspected; their findings say why.
        left_out: files in a folder that look like images, or hold some, and are not read; their findings say why.
        verdicts: how many images got each.
        problems: images that may be judged wrongly, counted by what is wrong with how they were taken.
        run: what the inspection was, the state of the detector's guarantee included.
        out: the folder that was written; None without one.
        page: the report; None without one.
        submission: the table of run lengths; None without one.
        earlier: how many of all these an earlier run had done.
    """

    inspected: int
    failed: int
    left_out: int
    verdicts: Mapping[Verdict, int]
    problems: ProblemCount
    run: RunRecord
    out: Path | None = None
    page: Path | None = None
    submission: Path | None = None
    earlier: int = 0
    _kept: tuple[Finding, ...] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        progress: Progress,
        problems: ProblemCount,
        run: RunRecord,
        *,
        kept: tuple[Finding, ...] | None = None,
        **others: Any,
    ) -> InspectionSummary:
        """From what a job came to; ``others`` are attributes."""
        return cls(
            inspected=progress.done - progress.failed - progress.left_out,
            failed=progress.failed,
            left_out=progress.left_out,
            verdicts=progress.verdicts,
            problems=problems,
            run=run,
            _kept=kept,
            **others,
        )

    @property
    def findings(self) -> Sequence[Finding]:
        """One for each image, in order; read from ``findings.jsonl`` where there is a folder.

        Raises:
            DataError: the file is gone or damaged.
        """
        if self._kept is not None or self.out is None:
            return self._kept or ()
        return tuple(read_findings(self.out / FINDINGS_NAME))

    @property
    def warning(self) -> str | None:
        """What a person must know of the guarantee; None where nothing is in doubt or nothing was guaranteed."""
        return None if self.run.guarantee is None else self.run.guarantee.sentence

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: Language) -> str:
        """Counts, images in doubt and places in a sentence each, in a language of the report."""
        t = Messages(lang)
        doubted = self.problems.said(t)
        return " ".join([f"{self._counts(t)}.", *([] if doubted is None else [doubted]), *self._places(t)])

    def save(self, folder: Path | str) -> None:
        """Write findings, the run's record and the report into another folder; overlays and masks stay where they are.

        Raises:
            BlemishError: it cannot be written to.
        """
        from blemish.reports.page import write_page  # here, for runs without a report

        folder, findings = Path(folder), tuple(self.findings)
        if self.out is not None:
            findings = tuple(one.model_copy(update={"mask_file": None}) for one in findings)
        with writing_findings(folder) as write:
            for finding in findings:
                write(finding)
        self.run.write(folder)
        write_page(Document(folder, self.run, self.run.grades, findings, details=self.run.report), folder)

    def show(self) -> None:
        """Show the worst images in a notebook, or open the report in the browser; without one print the counts."""
        show(self, self._open)

    def _open(self) -> None:
        if self.page is None:
            print(self)
        else:
            webbrowser.open(self.page.resolve().as_uri())

    def _counts(self, t: Messages) -> str:
        said = t("{count} inspected", count=self.inspected)
        if self.verdicts:
            counted = [name for name in reversed(VERDICTS) if self.verdicts.get(name) or name not in UNDECIDED]
            said += f" ({', '.join(f'{self.verdicts.get(name, 0)} {t(name)}' for name in counted)})"
        said += ", " + t("{count} could not be inspected", count=self.failed) if self.failed else ""
        said += ", " + t("{count} left out", count=self.left_out) if self.left_out else ""
        return said + ("; " + t("{count} of them by an earlier run", count=self.earlier) if self.earlier else "")

    def _places(self, t: Messages) -> Iterator[str]:
        if self.submission is not None:
            yield t("Run lengths are in {path}.", path=self.submission)
        if self.page is not None:
            size = f"{self.page.stat().st_size / 1e6:.1f}"
            yield t("Findings and {page} ({size} MB) are in {path}.", page=self.page.name, size=size, path=self.out)
        elif self.out is not None:
            yield t("Findings are in {path}.", path=self.out)

    def _repr_html_(self) -> str:
        """What a notebook shows: the counts and the worst images."""
        findings = self.findings
        order = {name: place for place, name in enumerate(VERDICTS)}
        worst = sorted(findings, key=lambda one: (order.get(one.verdict or "pass", 0), -(one.score or 0.0)))[:_SHOWN]
        rows = "".join(
            f"<tr><td>{escape(one.image)}</td><td>{one.verdict or ''}</td>"
            f"<td>{'' if one.score is None else f'{one.score:.4g}'}</td><td>{len(one.regions)}</td>"
            f"<td>{'' if one.cracks is None else len(one.cracks)}</td><td>{escape(one.error or '')}</td></tr>"
            for one in worst
        )
        heads = "".join(f"<th>{name}</th>" for name in ("image", "verdict", "score", "regions", "cracks", "error"))
        warning = "" if self.warning is None else f"<p>{escape(self.warning)}</p>"
        left = f"<p>The worst {_SHOWN} of {len(findings)} images.</p>" if len(findings) > _SHOWN else ""
        return f"<p>{escape(str(self))}</p>{warning}{left}<table><tr>{heads}</tr>{rows}</table>"
