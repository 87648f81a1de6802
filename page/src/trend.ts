// One place at several dates: what became of each crack, and its width over time.

import * as api from "./api";
import type { Change, Stored, Trend } from "./api";
import { el, replace, say, table } from "./dom";
import { plot } from "./plot";
import { time } from "./viewer";
import { type Word, currentLanguage, number, t } from "./words";

// What asks for attention first.
const STATUSES: Change["status"][] = ["grown", "new", "smaller", "repaired", "static", "out of view"];
const SAID: Record<Change["status"], Word> = {
  grown: "grown",
  new: "isNew",
  smaller: "smaller",
  repaired: "repaired",
  static: "isStatic",
  "out of view": "outOfView",
};
const MAX_PLOTS = 4;

// With as many digits as its uncertainty has.
function rounded(value: number, doubt: number): string {
  const digits = doubt > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(doubt)))) : 2;
  return value.toLocaleString(currentLanguage(), { maximumFractionDigits: digits, signDisplay: "exceptZero" });
}

export class TrendPanel {
  private isOpen = false;
  private readonly inside = el("div", {});

  // Aligning images takes seconds: it is asked for when the panel is opened, and while it stays open.
  build(stored: Stored, onPlaced: () => void): HTMLElement {
    const place = el("input", { id: "place", maxLength: 255, value: stored.place ?? "", placeholder: stored.finding.image });
    const form = el(
      "form",
      {
        className: "row",
        onsubmit: (event: Event) => {
          event.preventDefault();
          api.setPlace(stored.id, place.value.trim() || null).then(onPlaced, (error: Error) => say(error.message, "bad"));
        },
      },
      el("label", {}, `${t("place")} `, place),
      el("button", {}, t("save")),
    );
    const details = el(
      "details",
      {
        className: "trend",
        open: this.isOpen,
        ontoggle: () => {
          this.isOpen = details.open;
          if (details.open) void this.load(stored);
        },
      },
      el("summary", {}, t("otherDates")),
      form,
      this.inside,
    );
    replace(this.inside);
    return details;
  }

  private async load(stored: Stored): Promise<void> {
    replace(this.inside, el("p", { className: "note", role: "status" }, t("comparing")));
    try {
      const found = await api.trend(stored.id);
      replace(this.inside, ...(found.dates.length ? this.draw(found, stored) : [el("p", { className: "note" }, t("noOtherDate"))]));
    } catch (error) {
      replace(this.inside, el("p", { className: "bad" }, String((error as Error).message)));
    }
  }

  private draw({ dates, tracks }: Trend, stored: Stored): HTMLElement[] {
    const list = dates.map(({ id, taken, counts, problem }) => {
      const said = STATUSES.filter((status) => counts[status]).map((status) => `${counts[status]} ${t(SAID[status])}`);
      return el(
        "li",
        {},
        el("a", { href: `#/finding/${id}` }, time(taken)),
        problem ? el("span", { className: "bad" }, ` ${problem}`) : ` ${said.join(", ") || t("nothingFound")}`,
      );
    });
    const made: HTMLElement[] = [el("ol", { className: "history" }, ...list)];
    const last = dates.filter(({ problem }) => problem === null).at(-1);
    if (last?.changes.length) {
      const unit = last.changes[0]!.unit;
      const grown = (growth: number | null, doubt: number | null): string =>
        growth === null ? "" : `${rounded(growth, doubt ?? 0)} ± ${number(doubt ?? 0, 2)}`;
      const rows = last.changes.map((change) => [
        change.later.join(", ") || "–",
        el("b", { className: `became ${change.status.replaceAll(" ", "-")}` }, t(SAID[change.status])),
        grown(change.width_growth, change.width_uncertainty),
        grown(change.length_growth, change.length_uncertainty),
      ]);
      const heads = [t("crack"), t("became"), `${t("widthChange")}, ${unit}`, `${t("lengthChange")}, ${unit}`];
      made.push(el("p", {}, t("since", time(last.taken))), table(t("since", time(last.taken)), heads, rows));
    }
    const attention = (crack: number): number =>
      STATUSES.indexOf(last?.changes.find(({ later }) => later.includes(crack))?.status ?? "static");
    const drawn = tracks.filter(({ points }) => points.length > 1).sort((one, other) => attention(one.crack) - attention(other.crack));
    for (const { crack, unit, points } of drawn.slice(0, MAX_PLOTS)) {
      const widths = points.map(({ taken, width, width_uncertainty: doubt }) => ({
        x: Date.parse(taken),
        y: width,
        low: Math.max(0, width - doubt),
        high: width + doubt,
      }));
      const name = t("widthOverTime", crack, stored.finding.image);
      const said = points.map(({ taken, width, width_uncertainty: doubt }) => `${time(taken)}: ${number(width, 2)} ± ${number(doubt, 2)} ${unit}`);
      made.push(
        el(
          "figure",
          {},
          plot(`${name}. ${said.join("; ")}`, `${t("maxWidth")}, ${unit}`, [{ kind: "first", points: widths, band: false }]),
          el("figcaption", { className: "note" }, t("widthOverTime", crack, "").trim()),
        ),
      );
    }
    return made;
  }
}
