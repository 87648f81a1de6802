// All scores as a histogram, and a slider over it that says what another threshold would decide.

import { el, replace } from "./dom";
import { number, t } from "./words";

const BINS = 40;

export class Histogram {
  readonly element = el("section", { className: "histogram" });
  private scores: number[] = [];
  private reject: number | null = null;

  constructor(private readonly onChange: (threshold: number | null) => void) {}

  // What is shown: scores, ascending, and where the detector rejects.
  show(scores: number[], reject: number | null): void {
    this.scores = scores;
    this.reject = reject;
    this.draw();
  }

  private draw(): void {
    const { scores } = this;
    if (scores.length < 2 || scores[0] === scores[scores.length - 1]) {
      replace(this.element);
      return;
    }
    const low = Math.min(scores[0]!, this.reject ?? Infinity);
    const high = Math.max(scores[scores.length - 1]!, this.reject ?? -Infinity);
    const span = high - low;
    const counts = new Array<number>(BINS).fill(0);
    for (const score of scores) counts[Math.min(BINS - 1, Math.floor(((score - low) / span) * BINS))]! += 1;
    const most = Math.max(...counts);
    const bars = counts.map((count) => el("i", { "data-height": Math.ceil((20 * count) / most) }));
    const said = el("output", {});
    const slider = el("input", {
      type: "range",
      min: String(low),
      max: String(high + span / 1000),
      step: String(span / 1000),
      value: String(this.reject ?? high),
      ariaLabel: t("scoreThreshold"),
      oninput: () => move(Number(slider.value)),
    });
    const reset = el("button", { type: "button", hidden: true, onclick: () => move(null) }, t("reset"));
    const move = (threshold: number | null): void => {
      const at = threshold ?? this.reject ?? high;
      slider.value = String(at);
      reset.hidden = threshold === null;
      bars.forEach((bar, index) => bar.classList.toggle("above", low + ((index + 0.5) / BINS) * span >= at));
      const above = scores.filter((score) => score >= at).length;
      said.value = `${t("scoreThreshold")}: ${number(at)}. ` + t("whatIfSaid", above, scores.length - above);
      this.onChange(threshold);
    };
    replace(
      this.element,
      el(
        "details",
        {},
        el("summary", {}, t("whatIf")),
        el("div", { className: "bars", ariaHidden: "true" }, ...bars),
        slider,
        el("p", {}, said, " ", reset),
      ),
    );
    move(null);
  }
}
