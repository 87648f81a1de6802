// All findings, the worst first, with filters; what is open in the viewer is one of them.

import * as api from "./api";
import type { Stored, Verdict } from "./api";
import { byId, el, replace, say } from "./dom";
import { Histogram } from "./histogram";
import { largestWidth } from "./measurements";
import { number, t, tr } from "./words";

const VERDICTS: Exclude<Verdict, null>[] = ["reject", "review", "unknown surface", "unusable", "pass"];
const UNDECIDED = new Set<Verdict>(["unknown surface", "unusable"]);
const PAGE = 60;
const FORMATS = ["csv", "xlsx", "jsonl", "coco", "yolo", "cvat", "labelme", "label-studio", "masks", "geojson", "dxf", "html", "pdf", "docx"];

export class Gallery {
  readonly element = el("section", { id: "gallery" });
  findings: Stored[] = [];
  private cursor: string | null = null;
  private total = 0;
  private whatIf: number | null = null;
  private readonly verdicts = new Set<string>();
  private readonly cards = el("ul", { className: "cards" });
  private readonly count = el("output", { className: "count" });
  private readonly more = el("button", { type: "button", onclick: () => void this.load(false) });
  private readonly histogram = new Histogram((threshold) => {
    this.whatIf = threshold;
    this.draw();
  });
  private readonly ofJob = el("a", { className: "chip of-job", href: "#/", hidden: true });
  private job: string | null = null;
  private text = "";
  private state = "";
  private order = "worst";
  private typing = 0;
  private loading = 0;

  build(): void {
    const search = el("input", {
      type: "search",
      id: "search",
      placeholder: t("search"),
      ariaLabel: t("search"),
      value: this.text,
      oninput: () => {
        this.text = search.value;
        window.clearTimeout(this.typing);
        this.typing = window.setTimeout(() => void this.load(), 200);
      },
    });
    const chips = VERDICTS.map((verdict) => {
      const chip = el(
        "button",
        {
          type: "button",
          className: `chip ${verdict}`,
          ariaPressed: String(this.verdicts.has(verdict)),
          onclick: () => {
            if (!this.verdicts.delete(verdict)) this.verdicts.add(verdict);
            chip.setAttribute("aria-pressed", String(this.verdicts.has(verdict)));
            void this.load();
          },
        },
        t(verdict),
      );
      return chip;
    });
    const state = choice("state", ["", "open", "approved", "corrected", "rejected"], this.state, (value) => {
      this.state = value;
      void this.load();
    });
    const order = choice("order", ["worst", "newest"], this.order, (value) => {
      this.order = value;
      void this.load();
    });
    this.more.textContent = t("more");
    replace(
      this.element,
      el("h1", { className: "unseen" }, t("findings")),
      el("div", { className: "filters", role: "search" }, this.ofJob, ...chips, state, order, search, this.exports(), this.count),
      this.histogram.element,
      this.cards,
      this.more,
    );
    this.draw();
  }

  get hash(): string {
    return this.job === null ? "#/" : `#/job/${this.job}`;
  }

  // Only the findings of a job, or all; what is open over the gallery leaves that as it is.
  setJob(job: string | null, isCovered: boolean): void {
    if (isCovered || job === this.job) return;
    this.job = job;
    this.ofJob.hidden = job === null;
    this.ofJob.textContent = job === null ? "" : `${t("job")} ${job.slice(0, 12)} ✕`;
    void this.load();
  }

  // From the first page on, or the next one.
  async load(fresh = true): Promise<void> {
    const turn = ++this.loading;
    const filters = this.filters();
    filters.set("order", this.order);
    // What was shown stays shown when findings arrive.
    filters.set("limit", String(fresh ? Math.max(PAGE, Math.min(500, this.findings.length)) : PAGE));
    if (!fresh && this.cursor) filters.set("cursor", this.cursor);
    try {
      const page = await api.findings(filters);
      if (turn !== this.loading) return; // a later request has overtaken this one
      this.findings = fresh ? page.findings : [...this.findings, ...page.findings];
      [this.cursor, this.total] = [page.next, page.total];
      this.draw();
      if (fresh) await this.loadScores();
    } catch (error) {
      say(String((error as Error).message), "bad", [t("retry"), () => void this.load(fresh)]);
    }
  }

  // After a decision, without asking for everything again.
  put(found: Stored): void {
    this.findings = this.findings.map((one) => (one.id === found.id ? found : one));
    this.draw();
  }

  async neighbour(id: string, step: 1 | -1): Promise<Stored | null> {
    const at = this.findings.findIndex((one) => one.id === id);
    if (at + step >= this.findings.length && this.cursor) await this.load(false);
    return this.findings[at + step] ?? null;
  }

  // The pictures of the next finding into the browser's cache, where it is known already.
  prefetch(id: string): void {
    const next = this.findings[this.findings.findIndex((one) => one.id === id) + 1];
    if (!next) return;
    const names = ["view", next.map_range ? "map" : null, next.detector_mask && !next.corrected ? "mask" : null];
    for (const name of names) if (name) void fetch(`/v1/findings/${next.id}/${name}`, { priority: "low" }).catch(() => undefined);
  }

  private filters(): URLSearchParams {
    const filters = new URLSearchParams();
    for (const verdict of this.verdicts) filters.append("verdict", verdict);
    if (this.state) filters.set("state", this.state);
    if (this.job) filters.set("job", this.job);
    if (this.text.trim()) filters.set("text", this.text.trim());
    return filters;
  }

  private async loadScores(): Promise<void> {
    const [{ scores }, detectors] = await Promise.all([api.scores(this.filters()), api.detectors()]);
    // Scores of several detectors have no scale in common.
    const names = new Set(this.findings.map((one) => one.detector));
    const only = names.size === 1 ? detectors.active.find((one) => names.has(one.name)) : undefined;
    this.histogram.show(only ? scores : [], only?.thresholds.reject ?? null);
  }

  private draw(): void {
    replace(this.cards, ...this.findings.map((one) => this.card(one)));
    this.count.value = this.total ? t("shown", this.findings.length, this.total) : t("empty");
    this.more.hidden = this.cursor === null;
    byId("empty").hidden = this.total > 0;
  }

  private card(one: Stored): HTMLElement {
    const { finding } = one;
    const moved = this.whatIf !== null && finding.score !== null && !UNDECIDED.has(finding.verdict);
    const verdict = moved ? (finding.score! >= this.whatIf! ? "reject" : "pass") : finding.verdict;
    const width = largestWidth(finding);
    return el(
      "li",
      {},
      el(
        "a",
        { href: `#/finding/${one.id}`, className: "card", "data-verdict": verdict ?? "none", "data-id": one.id },
        el("img", { src: `/v1/findings/${one.id}/thumb${one.corrected ? `?v=${one.version}` : ""}`, alt: "", loading: "lazy", width: 320, height: 240 }),
        el("span", { className: `verdict ${verdict ?? "none"}${moved ? " moved" : ""}` }, t(verdict ?? "none")),
        one.state === "open" ? null : el("span", { className: `state ${one.state}` }, t(one.state)),
        el("span", { className: "name", title: finding.image }, finding.image),
        el(
          "span",
          { className: "facts" },
          finding.score === null ? "" : `${t("score")} ${number(finding.score)}`,
          width ? ` · ${width}` : "",
          finding.label ? ` · ${tr(finding.label)}` : "",
        ),
      ),
    );
  }

  private exports(): HTMLElement {
    const links = FORMATS.map((format) =>
      el(
        "button",
        {
          type: "button",
          onclick: () => {
            const filters = this.filters();
            filters.set("format", format);
            window.location.assign(`/v1/findings/export?${filters}`);
          },
        },
        format,
      ),
    );
    return el("details", { className: "menu" }, el("summary", {}, t("exportAs")), el("div", {}, ...links));
  }
}

function choice(word: "state" | "order", values: string[], now: string, onChoice: (value: string) => void): HTMLElement {
  const select = el(
    "select",
    { ariaLabel: t(word), onchange: () => onChoice(select.value) },
    ...values.map((value) => el("option", { value, selected: value === now }, value ? tr(value) : t("allStates"))),
  );
  return select;
}
