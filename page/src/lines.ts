// Centre lines of cracks as something to edit: choose one, move its points, remove it, or draw a new one.

import type { Finding } from "./api";
import type { Line, Mask, Point } from "./mask";

// How far from a point or line a click may be, in pixels of the screen.
const NEAR = 12;
// A line is shown with the fewest points that stay so near to it, in pixels of the image.
const SIMPLE_PX = 1.5;

// Lines of a finding's cracks, with few enough points to move.
export function linesOf(finding: Finding): Line[] {
  return (finding.cracks ?? []).map((crack) => {
    const kept = simple(crack.polyline_px);
    return {
      points: kept.map((at) => crack.polyline_px[at]!),
      widths: kept.map((at) => crack.widths_px[at] ?? crack.mean_width_px),
    };
  });
}

export class LineTool {
  private chosen: Line | null = null;
  private draft: Point[] = [];
  // A point of the chosen line that is being moved.
  private moving: number | null = null;
  private before: Line | null = null;

  constructor(
    private readonly mask: Mask,
    private readonly width: () => number,
  ) {}

  get canUndo(): boolean {
    return this.draft.length > 0;
  }

  down(at: Point, line: number): void {
    const near = NEAR * line;
    if (this.draft.length) {
      this.draft = [...this.draft, at];
      return;
    }
    const handle = this.chosen?.points.findIndex((point) => distance(point, at) <= near) ?? -1;
    if (this.chosen && handle >= 0) {
      [this.moving, this.before] = [handle, this.chosen];
      return;
    }
    this.chosen = this.mask.lines.find((one) => fromLine(one.points, at) <= near) ?? null;
    if (!this.chosen) this.draft = [at];
  }

  move(to: Point): void {
    if (this.moving === null || !this.chosen) return;
    const points = this.chosen.points.map((point, index): Point => (index === this.moving ? to : point));
    this.chosen = { ...this.chosen, points };
  }

  up(): void {
    if (this.moving !== null && this.chosen && this.before && this.chosen !== this.before) this.exchange(this.before, this.chosen);
    this.moving = this.before = null;
  }

  drop(): void {
    if (this.before) this.chosen = this.before;
    this.moving = this.before = null;
    this.draft = this.draft.slice(0, -1);
  }

  undo(): boolean {
    if (!this.draft.length) {
      this.chosen = null;
      return false;
    }
    this.draft = this.draft.slice(0, -1);
    return true;
  }

  // Ends a new line.
  finish(): void {
    if (this.draft.length > 1) {
      const line = { points: this.draft, widths: this.draft.map(() => this.width()) };
      this.exchange(null, line);
      this.chosen = line;
    }
    this.draft = [];
  }

  // The chosen line, or the last point of a new one.
  remove(): void {
    if (this.draft.length) this.draft = this.draft.slice(0, -1);
    else if (this.chosen) this.exchange(this.chosen, null);
    if (!this.draft.length) this.chosen = null;
  }

  paint(context: CanvasRenderingContext2D, line: number): void {
    const others = this.mask.lines.filter((one) => one !== this.chosen && one !== this.before).map((one) => one.points);
    for (const points of [...others, this.draft]) trace(context, points, "#ffe14d");
    const shown = this.chosen ? this.chosen.points : this.draft;
    if (this.chosen) trace(context, this.chosen.points, "#ff2d95");
    context.fillStyle = this.chosen ? "#ff2d95" : "#ffe14d";
    for (const [x, y] of shown) context.fillRect(x + 0.5 - 4 * line, y + 0.5 - 4 * line, 8 * line, 8 * line);
  }

  private exchange(old: Line | null, line: Line | null): void {
    const { mask } = this;
    mask.begin();
    // The rim of what was outlined is rarely as smooth as its centre line's widths.
    if (old) mask.line(old, 0, 3);
    if (line) mask.line(line, 1);
    mask.lines = [...mask.lines.filter((one) => one !== old), ...(line ? [line] : [])];
    mask.end();
  }
}

function trace(context: CanvasRenderingContext2D, points: Point[], colour: string): void {
  context.strokeStyle = colour;
  context.beginPath();
  points.forEach(([x, y], index) => context[index ? "lineTo" : "moveTo"](x + 0.5, y + 0.5));
  context.stroke();
}

const distance = ([x0, y0]: Point, [x1, y1]: Point): number => Math.hypot(x1 - x0, y1 - y0);

function fromSegment([x, y]: Point, [x0, y0]: Point, [x1, y1]: Point): number {
  const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const at = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2));
  return Math.hypot(x - x0 - at * (x1 - x0), y - y0 - at * (y1 - y0));
}

const fromLine = (points: Point[], at: Point): number =>
  Math.min(...points.slice(1).map((point, index) => fromSegment(at, points[index]!, point)));

// Douglas and Peucker's: which points to keep, with a stack in place of recursion, since lines can be long.
function simple(points: Point[]): number[] {
  const kept = new Set([0, points.length - 1]);
  const parts: [number, number][] = [[0, points.length - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let [farthest, at] = [SIMPLE_PX, -1];
    for (let index = from + 1; index < to; index += 1) {
      const far = fromSegment(points[index]!, points[from]!, points[to]!);
      if (far > farthest) [farthest, at] = [far, index];
    }
    if (at < 0) continue;
    kept.add(at);
    parts.push([from, at], [at, to]);
  }
  return [...kept].sort((one, other) => one - other);
}
