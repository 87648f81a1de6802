// What was measured in an image, as a table.

import type { Crack, Finding, Sizes } from "./api";
import { el, table } from "./dom";
import { number, t, tr } from "./words";

function sizesOf(crack: Crack): Sizes {
  return (
    crack.mm ?? {
      length: crack.length_px,
      mean_width: crack.mean_width_px,
      max_width: crack.max_width_px,
      width_uncertainty: crack.width_uncertainty_px,
    }
  );
}

/** The largest width that can be trusted, by the rule of `Crack.width_is_reliable`; cracks come widest first. */
export function largestWidth({ cracks }: Finding): string {
  const widest = cracks?.find((crack) => sizesOf(crack).width_uncertainty <= sizesOf(crack).max_width / 2);
  return widest ? `${number(sizesOf(widest).max_width, 2)} ${widest.mm ? "mm" : "px"}` : "";
}

export function measurements({ cracks, regions }: Finding): HTMLElement {
  if (cracks?.length) {
    const unit = cracks.some((crack) => crack.mm) ? "mm" : "px";
    const rows = cracks.map((crack) => {
      const sizes = sizesOf(crack);
      return [
        String(crack.number) + (crack.doubt ? " ⚠" : ""),
        number(sizes.length),
        number(sizes.mean_width, 2),
        `${number(sizes.max_width, 2)} ± ${number(sizes.width_uncertainty, 2)}`,
        tr(crack.direction),
        crack.grade ?? "",
      ];
    });
    const heads = [t("crack"), `${t("length")}, ${unit}`, `${t("meanWidth")}, ${unit}`, `${t("maxWidth")}, ${unit}`];
    return table(t("measurements"), [...heads, t("direction"), t("grade")], rows);
  }
  if (!regions.length) return el("p", { className: "note" }, t("nothingFound"));
  const rows = regions.map((region, index) => [
    `${index + 1}${region.label ? ` ${tr(region.label)}` : ""}`,
    number(region.area_px),
    number(region.score),
  ]);
  return table(t("measurements"), [t("region"), t("regionArea"), t("score")], rows);
}
