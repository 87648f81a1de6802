// Trainings from reviewed images: begin one, watch it, old and new beside each other, and activating what is no worse.

import * as api from "./api";
import type { Me, Rate, Training, Trainings } from "./api";
import { el, replace, say, table } from "./dom";
import { time } from "./viewer";
import { type Word, number, t } from "./words";

const LOOK_EVERY_MS = 2000;
const SAID: Record<Training["state"], Word> = {
  waiting: "waiting",
  running: "trainingRuns",
  comparing: "trainingCompares",
  done: "jobDone",
  cancelled: "jobCancelled",
  failed: "jobFailed",
};
const ENDED = new Set<Training["state"]>(["done", "cancelled", "failed"]);

export class TrainingPage {
  readonly element = el("section", { id: "training", className: "page", hidden: true });
  private readonly form = el("div", {});
  private readonly list = el("div", {});
  private looking = 0;

  constructor(private readonly me: () => Me) {}

  async load(): Promise<void> {
    replace(this.element, el("h1", {}, t("training")), el("p", { className: "note" }, t("trainingHelp")), this.form, this.list);
    try {
      const [known, found] = await Promise.all([api.detectors(), api.trainings()]);
      this.drawForm(
        known.active.map((one) => ({ name: one.name, method: one.method, isDefault: one.is_default })),
        found,
      );
    } catch (error) {
      say(String((error as Error).message), "bad", [t("retry"), () => void this.load()]);
      return;
    }
    await this.look();
  }

  private async look(): Promise<void> {
    window.clearTimeout(this.looking);
    if (this.element.hidden) return;
    try {
      const { trainings } = await api.trainings();
      this.draw(trainings);
      if (trainings.every((one) => ENDED.has(one.state))) return;
    } catch (error) {
      say(String((error as Error).message), "bad");
    }
    this.looking = window.setTimeout(() => void this.look(), LOOK_EVERY_MS);
  }

  private act(work: Promise<unknown>): void {
    work.catch((error: Error) => say(error.message, "bad")).finally(() => void this.look());
  }

  private get mayTrain(): boolean {
    return this.me().role !== "operator";
  }

  private drawForm(detectors: { name: string; method: string; isDefault: boolean }[], { methods, problem }: Trainings): void {
    if (problem !== null || !this.mayTrain) {
      replace(this.form, el("p", { className: problem === null ? "note" : "bad" }, problem ?? t("engineersTrain")));
      return;
    }
    const detector = el(
      "select",
      { onchange: () => (method.value = usual()) },
      ...detectors.map((one) => el("option", { value: one.name, selected: one.isDefault }, one.name)),
    );
    const usual = (): string => {
      const found = detectors.find((one) => one.name === detector.value)?.method ?? "auto";
      return methods.includes(found) ? found : "auto";
    };
    const method = el("select", {}, ...["auto", ...methods].map((name) => el("option", { value: name }, name)));
    const profile = el("select", {}, el("option", { value: "quick" }, t("quickProfile")), el("option", { value: "paper" }, t("paperProfile")));
    method.value = usual();
    const begin = (): void => this.act(api.beginTraining(detector.value, method.value, profile.value));
    replace(
      this.form,
      el(
        "p",
        { className: "row" },
        el("label", {}, `${t("detector")} `, detector),
        el("label", {}, `${t("method")} `, method),
        el("label", {}, `${t("profile")} `, profile),
        el("button", { type: "button", className: "primary", onclick: begin }, t("beginTraining")),
      ),
    );
  }

  private draw(trainings: Training[]): void {
    // Drawn anew every two seconds: whoever is at a button by keyboard stays there.
    const at = document.activeElement?.closest("article")?.getAttribute("data-id");
    const none = el("p", { className: "note" }, t("noTrainings"));
    replace(this.list, ...(trainings.length ? trainings.map((one) => this.card(one)) : [none]));
    if (at) this.list.querySelector<HTMLElement>(`[data-id="${at}"] button`)?.focus();
  }

  private card(one: Training): HTMLElement {
    const { comparison } = one;
    const runs = !ENDED.has(one.state);
    const mayActivate = this.mayTrain && comparison?.is_no_worse && !one.active;
    return el(
      "article",
      { "data-id": one.id },
      el("h2", {}, `${one.detector}: ${one.method} `, el("span", { className: `state ${one.state}` }, t(SAID[one.state]))),
      el("p", { className: "note" }, `${one.by} · ${time(one.created)}${one.images === null ? "" : ` · ${one.images}`}`),
      runs && one.said !== null ? el("p", { role: "status" }, one.said) : null,
      one.error ? el("p", { className: "bad" }, one.error) : null,
      comparison
        ? table(
            t("oldAndNew"),
            [t("onTheSame"), `${t("oldDetector")} ${one.old_sha.slice(0, 8)}`, `${t("newDetector")} ${one.new_sha?.slice(0, 8) ?? ""}`],
            [
              [t("falseAlarms"), rate(comparison.old.false_alarms), rate(comparison.new.false_alarms)],
              [t("defectsFound"), rate(comparison.old.recall), rate(comparison.new.recall)],
            ],
          )
        : null,
      comparison ? el("p", {}, t(comparison.is_no_worse ? "noWorse" : "isWorse", comparison.images)) : null,
      one.active ? el("p", {}, el("b", {}, t("active"))) : null,
      el(
        "p",
        { className: "row" },
        mayActivate
          ? el("button", { type: "button", className: "primary", onclick: () => this.act(api.activateTrained(one.id)) }, t("activate"))
          : null,
        runs && this.mayTrain
          ? el("button", { type: "button", onclick: () => this.act(api.cancelTraining(one.id)) }, t("cancel"))
          : null,
      ),
    );
  }
}

const percent = (value: number): string => number(100 * value);

const rate = ({ count, n, low, high }: Rate): string => t("rate", count, n, percent(low), percent(high));
