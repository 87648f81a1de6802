// Which detectors answer, all their versions, and exchanging them.

import * as api from "./api";
import type { Detectors, Me } from "./api";
import { el, replace, say } from "./dom";
import { drift } from "./drift";
import { time } from "./viewer";
import { number, t } from "./words";

export class DetectorsPage {
  readonly element = el("section", { id: "detectors", className: "page", hidden: true });

  constructor(private readonly me: () => Me) {}

  async load(): Promise<void> {
    try {
      this.draw(await api.detectors());
    } catch (error) {
      say(String((error as Error).message), "bad", [t("retry"), () => void this.load()]);
    }
  }

  private draw(known: Detectors): void {
    const mayChange = this.me().role !== "operator";
    const act = (work: Promise<unknown>): void => {
      work.catch((error: Error) => say(error.message, "bad")).finally(() => void this.load());
    };
    const upload = el("input", {
      type: "file",
      accept: ".blemish",
      hidden: true,
      onchange: () => {
        const file = upload.files?.[0];
        if (!file) return;
        say(t("uploading"));
        act(api.addDetector(file));
      },
    });
    const active = known.active.map((one) => {
      const versions = known.versions.filter((version) => version.name === one.name);
      const limits = Object.entries(one.thresholds).filter(([, value]) => typeof value === "number");
      const told = el("div", {});
      void drift(one.name, one.thresholds).then((made) => told.replaceWith(made), (error: Error) => say(error.message, "bad"));
      return el(
        "article",
        {},
        el("h2", {}, one.name),
        el("p", {}, one.method),
        el("p", {}, `${t("thresholds")}: ${limits.map(([name, value]) => `${name} ${number(value as number)}`).join(", ")}`),
        el(
          "table",
          {},
          el(
            "tbody",
            {},
            ...versions.map((version) =>
              el(
                "tr",
                {},
                el("td", {}, `${t("version")} `, el("code", {}, version.sha.slice(0, 12))),
                el("td", {}, `${t("addedBy")} ${version.added_by}, ${time(version.created)}`),
                el(
                  "td",
                  {},
                  version.active
                    ? el("b", {}, t("active"))
                    : mayChange &&
                        el(
                          "button",
                          { type: "button", onclick: () => act(api.activate(version.name, version.sha)) },
                          t("activate"),
                        ),
                ),
              ),
            ),
          ),
        ),
        mayChange && versions.length > 1
          ? el("button", { type: "button", onclick: () => act(api.rollBack(one.name)) }, t("rollBack"))
          : null,
        told,
        el("details", {}, el("summary", {}, t("card")), el("pre", {}, one.card)),
      );
    });
    const broken = Object.entries(known.broken).map(([name, reason]) => el("p", { className: "bad" }, `${name}: ${reason}`));
    const button = el("button", { type: "button", className: "primary", onclick: () => upload.click() }, t("upload"));
    replace(this.element, el("h1", {}, t("detectors")), mayChange && el("p", {}, button, upload), ...broken, ...active);
  }
}
