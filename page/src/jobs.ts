// Folders and archives that are inspected in the background: how far each is, and ending one.

import * as api from "./api";
import type { Job } from "./api";
import { el, replace, say } from "./dom";
import { time } from "./viewer";
import { type Word, t } from "./words";

const LOOK_EVERY_MS = 1000;
const SAID: Record<Job["state"], Word> = {
  waiting: "waiting",
  running: "running",
  done: "jobDone",
  cancelled: "jobCancelled",
  failed: "jobFailed",
};
const ENDED = new Set<Job["state"]>(["done", "cancelled", "failed"]);

export class JobsPage {
  readonly element = el("section", { id: "jobs", className: "page", hidden: true });
  private readonly list = el("div", {});
  private looking = 0;

  async load(): Promise<void> {
    const archive = el("input", {
      type: "file",
      id: "archive",
      accept: ".zip",
      hidden: true,
      onchange: () => {
        const file = archive.files?.[0];
        if (!file) return;
        say(t("uploading"));
        this.act(api.beginJob(file));
        archive.value = "";
      },
    });
    const begin = el("button", { type: "button", className: "primary", onclick: () => archive.click() }, t("beginJob"));
    replace(this.element, el("h1", {}, t("jobs")), el("p", {}, begin, archive), this.list);
    await this.look();
  }

  private async look(): Promise<void> {
    window.clearTimeout(this.looking);
    if (this.element.hidden) return;
    try {
      const jobs = await api.jobs();
      this.draw(jobs);
      if (jobs.every((job) => ENDED.has(job.state))) return;
    } catch (error) {
      say(String((error as Error).message), "bad");
    }
    this.looking = window.setTimeout(() => void this.look(), LOOK_EVERY_MS);
  }

  private act(work: Promise<unknown>): void {
    work.catch((error: Error) => say(error.message, "bad")).finally(() => void this.look());
  }

  private draw(jobs: Job[]): void {
    // Drawn anew each second: whoever is at a button by keyboard stays there.
    const at = document.activeElement?.closest("article")?.getAttribute("data-id");
    replace(this.list, ...(jobs.length ? jobs.map((job) => this.card(job)) : [el("p", { className: "note" }, t("noJobs"))]));
    if (at) this.list.querySelector<HTMLElement>(`[data-id="${at}"] button, [data-id="${at}"] a`)?.focus();
  }

  private card(job: Job): HTMLElement {
    const said = job.total === null ? "" : t("inspected", job.done - job.failed, job.total);
    return el(
      "article",
      { "data-id": job.id },
      el("h2", {}, `${t("job")} ${job.id.slice(0, 12)} `, el("span", { className: `state ${job.state}` }, t(SAID[job.state]))),
      el("p", { className: "note" }, `${job.detector} · ${job.by} · ${time(job.created)}`),
      job.total === null ? null : el("progress", { max: job.total, value: job.done, ariaLabel: said }),
      el(
        "p",
        {},
        said,
        job.failed ? ` · ${t("failed", job.failed)}` : "",
        job.left_s === null ? "" : ` · ${t("left", Math.ceil(job.left_s))}`,
      ),
      job.error ? el("p", { className: "bad" }, job.error) : null,
      el(
        "p",
        { className: "row" },
        el("a", { href: `#/job/${job.id}` }, t("itsFindings")),
        ENDED.has(job.state)
          ? null
          : el("button", { type: "button", onclick: () => this.act(api.cancelJob(job.id)) }, t("cancel")),
      ),
    );
  }
}
