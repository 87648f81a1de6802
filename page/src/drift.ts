// How a detector's scores went over time, beside those of its calibration.

import * as api from "./api";
import type { ScoreHistory } from "./api";
import { el, replace } from "./dom";
import { type Limit, bars, plot } from "./plot";
import { time } from "./viewer";
import { number, t } from "./words";

export async function drift(name: string, thresholds: Record<string, unknown>): Promise<HTMLElement> {
  const made = el("section", { className: "drift" });
  const found = await api.scoreHistory(name);
  const { intervals, calibration, p_values } = found;
  const limits: Limit[] = [];
  if (calibration) limits.push({ kind: "known", name: t("calibrationScores"), low: calibration.quantiles[0], high: calibration.quantiles[2] });
  for (const which of ["review", "reject"] as const) {
    const value = thresholds[which];
    if (typeof value === "number") limits.push({ kind: "limit", name: t(which), low: value, high: value });
  }
  replace(
    made,
    el("h3", {}, t("calibration")),
    el("p", {}, calibration ? t("calibratedBy", calibration.images, calibration.source) : t("notCalibrated")),
    calibration ? el("p", { className: found.doubt ? "bad" : "note" }, found.doubt ?? t("guaranteeHolds")) : null,
    el("h3", {}, t("scoresOverTime")),
    intervals.length ? pictureOf(found, limits) : el("p", { className: "note" }, t("noScores")),
    p_values ? el("h3", {}, t("pValues")) : null,
    p_values ? el("figure", {}, bars(t("pValues"), p_values), el("figcaption", { className: "note" }, t("pValuesSaid"))) : null,
  );
  return made;
}

function pictureOf({ intervals }: ScoreHistory, limits: Limit[]): HTMLElement {
  const points = intervals.map(({ until, quantiles: [low, y, high] }) => ({ x: Date.parse(until), y, low, high }));
  const images = intervals.reduce((sum, one) => sum + one.images, 0);
  const rejected = intervals.reduce((sum, one) => sum + one.rejected, 0);
  const said = t("scoresSaid", images, time(intervals[0]!.since), number((100 * rejected) / images, 2));
  return el(
    "figure",
    {},
    plot(`${t("scoresOverTime")}. ${said}`, t("score"), [{ kind: "first", points, band: true }], limits),
    el("figcaption", { className: "note" }, said),
  );
}
