// For engineers: known images in the queue, and what they say about the reviewers.

import * as api from "./api";
import type { Honeypots } from "./api";
import { el, replace, say, table } from "./dom";
import { number, t } from "./words";

export class ReviewersPage {
  readonly element = el("section", { id: "reviewers", className: "page", hidden: true });

  async load(): Promise<void> {
    try {
      this.draw(await api.honeypots());
    } catch (error) {
      say(String((error as Error).message), "bad", [t("retry"), () => void this.load()]);
    }
  }

  private draw({ fraction, known, reviewers }: Honeypots): void {
    const people = reviewers.map((one) => [
      one.reviewer,
      String(one.caught),
      String(one.missed),
      one.recall_at_least === null ? "" : t("atLeast", number(100 * one.recall_at_least, 2)),
      String(one.dismissed),
      String(one.confirmed),
    ]);
    const images = known.map((one) => [
      el("a", { href: `#/finding/${one.finding_id}` }, one.image),
      t(one.truth === "approve" ? "isDefect" : "isFalseAlarm"),
      String(one.right),
      String(one.wrong),
      el("button", { type: "button", onclick: () => this.end(one.finding_id) }, t("noLonger")),
    ]);
    const heads = [t("who"), t("caught"), t("missed"), t("recall"), t("dismissed"), t("confirmed")];
    replace(
      this.element,
      el("h1", {}, t("reviewers")),
      el("p", { className: "note" }, t("honeypotsSaid", number(100 * fraction, 2))),
      people.length ? table(t("reviewers"), heads, people) : el("p", {}, t("noneDecided")),
      el("h2", {}, t("knownImages")),
      images.length
        ? table(t("knownImages"), [t("image"), t("truth"), t("decidedRight"), t("decidedWrong"), t("act")], images)
        : el("p", {}, t("noneKnown")),
    );
  }

  private end(id: string): void {
    api.setHoneypot(id, null).then(
      () => void this.load(),
      (error: Error) => say(error.message, "bad"),
    );
  }
}
