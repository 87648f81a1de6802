// Small line plots: values over time with the band of their uncertainty, and limits as lines across.

import { currentLanguage, number } from "./words";

export interface Series {
  kind: "first" | "second" | "third" | "fourth" | "fifth";
  points: { x: number; y: number; low: number; high: number }[];
  // Whether low to high is a band, or a bar at each point.
  band: boolean;
}

export interface Limit {
  kind: "limit" | "known";
  name: string;
  low: number;
  high: number;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 210, 52, 12, 12, 30];

export function svg(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

// x are times in milliseconds.
export function plot(name: string, unit: string, series: Series[], limits: Limit[] = []): SVGElement {
  const points = series.flatMap((one) => one.points);
  const [firstX, lastX] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))];
  const lowest = Math.min(...points.map(({ low }) => low), ...limits.map(({ low }) => low));
  const highest = Math.max(...points.map(({ high }) => high), ...limits.map(({ high }) => high));
  const pad = 0.06 * (highest - lowest) || 1;
  const [bottom, top] = [lowest >= 0 ? Math.max(0, lowest - pad) : lowest - pad, highest + pad];
  const atX = (x: number): number => LEFT + (lastX === firstX ? 0.5 : (x - firstX) / (lastX - firstX)) * (WIDTH - LEFT - RIGHT);
  const atY = (y: number): number => HEIGHT - BOTTOM - ((y - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const path = (of: { x: number; y: number }[]): string => of.map(({ x, y }) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(" ");
  const drawn: SVGElement[] = [];
  for (const [place, { kind, name: said, low, high }] of limits.entries()) {
    const [upper, lower] = [atY(high), atY(low)];
    const [x, width] = [LEFT, WIDTH - LEFT - RIGHT];
    drawn.push(
      low === high
        ? svg("line", { class: kind, x1: x, x2: x + width, y1: upper, y2: upper })
        : svg("rect", { class: kind, x, width, y: upper, height: lower - upper }),
      // Side by side, since limits can lie close to one another.
      svg("text", { x: x + 4 + place * 200, y: upper - 4 }, said),
    );
  }
  for (const { kind, points: own, band } of series) {
    if (band) {
      const around = [...own.map(({ x, high }) => ({ x, y: high })), ...[...own].reverse().map(({ x, low }) => ({ x, y: low }))];
      drawn.push(svg("polygon", { class: `band ${kind}`, points: path(around) }));
    }
    drawn.push(svg("polyline", { class: kind, points: path(own) }));
    for (const { x, y, low, high } of own) {
      if (!band) drawn.push(svg("line", { class: kind, x1: atX(x), x2: atX(x), y1: atY(low), y2: atY(high) }));
      drawn.push(svg("circle", { class: kind, cx: atX(x), cy: atY(y), r: 3 }));
    }
  }
  for (const y of [bottom, (bottom + top) / 2, top])
    drawn.push(svg("text", { x: LEFT - 6, y: atY(y) + 4, "text-anchor": "end" }, number(y, 2)));
  const day = (x: number): string => new Date(x).toLocaleDateString(currentLanguage(), { dateStyle: "medium" });
  drawn.push(svg("text", { x: LEFT, y: HEIGHT - 8 }, day(firstX)));
  if (lastX > firstX) drawn.push(svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, day(lastX)));
  drawn.push(svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, unit));
  drawn.push(svg("path", { class: "axes", d: `M${LEFT},${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
  return svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name }, ...drawn);
}

// Counts of equal bins from 0 to 1, and how high they are where all values are equally likely.
export function bars(name: string, counts: number[]): SVGElement {
  const [width, height] = [320, 90];
  const sum = counts.reduce((one, other) => one + other, 0);
  const most = Math.max(...counts, 1);
  const step = (width - 20) / counts.length;
  const drawn = counts.map((count, at) => {
    const high = (count / most) * (height - 24);
    return svg("rect", { class: "bar", x: 10 + at * step, width: step - 1, y: height - 18 - high, height: high });
  });
  const even = height - 18 - (sum / counts.length / most) * (height - 24);
  return svg(
    "svg",
    { class: "plot bars-01", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name },
    ...drawn,
    svg("line", { class: "limit", x1: 10, x2: width - 10, y1: even, y2: even }),
    svg("text", { x: 10, y: height - 4 }, "0"),
    svg("text", { x: width - 10, y: height - 4, "text-anchor": "end" }, "1"),
  );
}
