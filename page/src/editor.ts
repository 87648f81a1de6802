// Correcting what was outlined: brush, eraser, polygon, centre lines, and a scale between two points.

import * as api from "./api";
import type { Stored } from "./api";
import type { Canvas, Hand } from "./canvas";
import { el, replace, say } from "./dom";
import { LineTool, linesOf } from "./lines";
import { Mask, type Point, readMask } from "./mask";
import { number, t } from "./words";

type ToolName = "move" | "brush" | "eraser" | "polygon" | "lines" | "scale";

const TOOLS: [ToolName, string][] = [
  ["move", "v"],
  ["brush", "b"],
  ["eraser", "e"],
  ["polygon", "p"],
  ["lines", "c"],
  ["scale", "d"],
];
const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MAX_WIDTH = 200;

export class Editor implements Hand {
  readonly element = el("div", { className: "editor" });
  private stored!: Stored;
  private mask!: Mask;
  private tool: ToolName = "brush";
  private width = 6;
  private removes = false;
  // Points of a polygon, or of the scale.
  private points: Point[] = [];
  private lengthMm = "";
  private last: Point | null = null;
  // Where the keys are.
  private cross: Point | null = null;
  private penDown = false;
  private lineTool!: LineTool;

  constructor(
    private readonly canvas: Canvas,
    private readonly onEnd: (saved: boolean) => void,
  ) {}

  get isOpen(): boolean {
    return this.canvas.over !== null;
  }

  async open(stored: Stored): Promise<void> {
    const [width, height] = stored.finding.size_px!;
    const at = `/v1/findings/${stored.id}/${stored.corrected ? "corrected" : "mask"}`;
    this.stored = stored;
    this.mask = new Mask(width, height, stored.has_mask ? await readMask(at) : null);
    this.mask.lines = linesOf(stored.finding);
    this.lineTool = new LineTool(this.mask, () => this.width);
    this.lengthMm = "";
    [this.cross, this.penDown] = [null, false];
    this.canvas.over = (context, line) => this.paint(context, line);
    this.choose("brush");
  }

  close(): void {
    this.canvas.over = this.canvas.hand = null;
    this.canvas.draw();
  }

  // True where the key was one of the editor's.
  key(event: KeyboardEvent): boolean {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey) this.undo();
      else if (key === "y" || key === "z") this.redo();
      else if (key === "s" || key === "Enter") void this.save();
      else return false;
      return true;
    }
    const tool = TOOLS.find(([, shortcut]) => shortcut === key);
    const arrow = ARROWS[key];
    if (tool) this.choose(tool[0]);
    else if (arrow) this.steer(arrow, event.shiftKey);
    else if (key === " ") this.press();
    else if (key === "Enter") this.finish();
    else if (key === "Backspace" || key === "Delete") this.remove();
    else if (key === "[" || key === "]") this.setWidth(this.width * (key === "]" ? 1.25 : 0.8));
    else if (key === "x") this.setRemoves(!this.removes);
    else if (key === "+" || key === "=") this.canvas.zoom(1.4);
    else if (key === "-") this.canvas.zoom(1 / 1.4);
    else if (key === "0") this.canvas.fit();
    else if (key === "?") say(t("editKeyHelp"));
    else if (key === "Escape") this.leave();
    else return false;
    return true;
  }

  down(x: number, y: number): void {
    this.cross = null;
    if (this.tool === "lines") this.lineTool.down([x, y], this.line);
    else if (this.tool === "polygon") this.points = [...this.points, [x, y]];
    else if (this.tool === "scale") this.points = this.points.length === 2 ? [[x, y]] : [...this.points, [x, y]];
    else {
      this.mask.begin();
      this.last = [x, y];
      this.dab([x, y]);
    }
    this.changed();
  }

  move(x: number, y: number): void {
    if (this.tool === "lines") this.lineTool.move([x, y]);
    else if (this.last) this.dab([x, y]);
    this.canvas.draw();
  }

  up(): void {
    if (this.tool === "lines") this.lineTool.up();
    if (this.last) this.mask.end();
    this.last = null;
    this.changed();
  }

  drop(): void {
    if (this.tool === "lines") this.lineTool.drop();
    else if (this.last) this.mask.drop();
    else this.points = this.points.slice(0, -1);
    this.last = null;
    this.changed();
  }

  private get line(): number {
    return 1 / this.canvas.zoomed;
  }

  private dab(to: Point): void {
    this.mask.stroke(this.last ?? to, to, this.width, this.width, this.tool === "eraser" ? 0 : 1);
    this.last = to;
  }

  private choose(tool: ToolName): void {
    this.liftPen();
    this.lineTool.finish();
    [this.tool, this.points, this.last] = [tool, [], null];
    this.canvas.hand = tool === "move" ? null : this;
    this.build();
    this.canvas.draw();
  }

  private setWidth(width: number): void {
    this.width = Math.min(MAX_WIDTH, Math.max(1, Math.round(width) === this.width ? width : Math.round(width)));
    this.build();
    this.canvas.draw();
  }

  private setRemoves(removes: boolean): void {
    this.removes = removes;
    this.build();
  }

  private undo(): void {
    this.liftPen();
    if (this.points.length) this.points = this.points.slice(0, -1);
    else if (!this.lineTool.undo()) this.mask.undo();
    this.changed();
  }

  private redo(): void {
    this.liftPen();
    this.mask.redo();
    this.changed();
  }

  // The cross, by arrow keys: a hand's breadth with Shift, a pixel of the screen or of the image without it.
  private steer([x, y]: Point, isFar: boolean): void {
    const step = Math.max(1, this.line) * (isFar ? 20 : 2);
    const from = this.cross ?? this.canvas.centre();
    this.cross = [from[0] + x * step, from[1] + y * step];
    this.canvas.reveal(this.cross);
    if (this.penDown) this.dab(this.cross);
    this.changed();
  }

  // Space: puts a point, or puts the brush down and lifts it.
  private press(): void {
    const at = this.cross ?? this.canvas.centre();
    if (this.penDown) this.liftPen();
    else if (this.tool !== "move") {
      this.down(...at);
      if (this.tool === "brush" || this.tool === "eraser") this.penDown = true;
      else this.up();
    }
    this.cross = at;
    this.changed();
  }

  private liftPen(): void {
    if (this.penDown) this.mask.end();
    this.penDown = false;
    this.last = null;
  }

  private finish(): void {
    if (this.tool === "lines") this.lineTool.finish();
    if (this.tool === "polygon" && this.points.length > 2) {
      this.mask.begin();
      this.mask.polygon(this.points, this.removes ? 0 : 1);
      this.mask.end();
      this.points = [];
    }
    this.changed();
  }

  private remove(): void {
    if (this.tool === "lines") this.lineTool.remove();
    else this.points = this.points.slice(0, -1);
    this.changed();
  }

  // Back to the finding, after a question where something was drawn.
  leave(): void {
    if (this.points.length) this.points = [];
    else if (!this.isChanged || window.confirm(t("discardAsked"))) {
      this.close();
      this.onEnd(false);
      return;
    }
    this.changed();
  }

  private get isChanged(): boolean {
    return this.mask.canUndo || this.scale() !== null;
  }

  private scale(): api.TwoPoints | null {
    const lengthMm = Number(this.lengthMm);
    const [first, second] = this.points;
    return this.tool === "scale" && first && second && lengthMm > 0 ? { first, second, length_mm: lengthMm } : null;
  }

  private async save(version = this.stored.version): Promise<void> {
    this.liftPen();
    this.lineTool.finish();
    try {
      await api.correct({ ...this.stored, version }, await this.mask.png(), this.scale());
      this.close();
      this.onEnd(true);
    } catch (error) {
      // What was drawn stays, and whether it replaces what somebody else has decided is asked.
      if (error instanceof api.Refused && error.status === 412) {
        const now = await api.finding(this.stored.id);
        say(t("decidedMeanwhile"), "bad", [t("saveAllTheSame"), () => void this.save(now.version)]);
      } else say(String((error as Error).message), "bad");
    }
  }

  private async detectorsOutline(): Promise<void> {
    const { id, has_mask, corrected, detector_mask } = this.stored;
    const address = `/v1/findings/${id}/mask`;
    const own = (corrected ? detector_mask : has_mask) ? await readMask(address) : new Uint8Array(this.mask.width * this.mask.height);
    this.mask.begin();
    this.mask.become(own);
    this.mask.end();
    this.changed();
  }

  private changed(): void {
    const undo = this.element.querySelector<HTMLButtonElement>("#edit-undo");
    const redo = this.element.querySelector<HTMLButtonElement>("#edit-redo");
    if (undo) undo.disabled = !this.mask.canUndo && this.points.length === 0 && !this.lineTool.canUndo;
    if (redo) redo.disabled = !this.mask.canRedo;
    const said = this.element.querySelector("#edit-said");
    if (said) said.textContent = this.said();
    this.canvas.draw();
  }

  // What the tool waits for, or has measured.
  private said(): string {
    if (this.tool !== "scale") return t(`${this.tool}Said`);
    const [first, second] = this.points;
    if (!first || !second) return t("scaleSaid");
    const px = Math.hypot(second[0] - first[0], second[1] - first[1]);
    const scale = this.scale();
    return t("scalePx", number(px)) + (scale ? ` ${t("scaleMm", number(scale.length_mm / px))}` : "");
  }

  private build(): void {
    const button = (word: Parameters<typeof t>[0], act: () => void, more: Record<string, unknown> = {}): HTMLElement =>
      el("button", { type: "button", onclick: act, ...more }, t(word));
    const tools = TOOLS.map(([tool, key]) =>
      button(tool, () => this.choose(tool), { ariaPressed: String(tool === this.tool), className: "chip", title: key.toUpperCase() }),
    );
    const size = el("input", {
      type: "range",
      id: "edit-width",
      min: "1",
      max: String(MAX_WIDTH),
      value: String(this.width),
      oninput: () => {
        this.width = Number(size.value);
        shown.value = `${this.width} px`;
      },
    });
    const shown = el("output", {}, `${number(this.width)} px`);
    const removes = el("input", {
      type: "checkbox",
      id: "edit-removes",
      checked: this.removes,
      onchange: () => (this.removes = removes.checked),
    });
    const length = el("input", {
      type: "number",
      id: "edit-length",
      min: "0",
      step: "any",
      value: this.lengthMm,
      oninput: () => {
        this.lengthMm = length.value;
        this.changed();
      },
    });
    const hasWidth = this.tool === "brush" || this.tool === "eraser" || this.tool === "lines";
    replace(
      this.element,
      el("h2", {}, t("correct")),
      el("div", { className: "row", role: "group", ariaLabel: t("tools") }, ...tools),
      hasWidth ? el("p", {}, el("label", { htmlFor: "edit-width" }, `${t("strokeWidth")} `), shown, size) : null,
      this.tool === "polygon" ? el("p", {}, removes, el("label", { htmlFor: "edit-removes" }, ` ${t("removes")}`)) : null,
      this.tool === "scale" ? el("p", {}, el("label", { htmlFor: "edit-length" }, `${t("lengthMm")} `), length) : null,
      el("p", { id: "edit-said", className: "note", role: "status" }, this.said()),
      this.tool === "polygon" || this.tool === "lines"
        ? el("div", { className: "row" }, button("finishShape", () => this.finish()), button("removeShape", () => this.remove()))
        : null,
      el(
        "div",
        { className: "row" },
        button("undoStep", () => this.undo(), { id: "edit-undo" }),
        button("redoStep", () => this.redo(), { id: "edit-redo" }),
        button("detectorsOutline", () => void this.detectorsOutline()),
      ),
      el(
        "div",
        { className: "row" },
        button("save", () => void this.save(), { className: "primary", id: "edit-save" }),
        button("leave", () => this.leave()),
      ),
      el("p", { className: "note" }, t("editKeyHelp")),
    );
    this.changed();
  }

  private paint(context: CanvasRenderingContext2D, line: number): void {
    context.drawImage(this.mask.picture, 0, 0, this.mask.width, this.mask.height);
    context.lineWidth = 1.6 * line;
    if (this.tool === "lines") this.lineTool.paint(context, line);
    context.strokeStyle = this.tool === "scale" ? "#7dff8a" : "#ffe14d";
    context.fillStyle = context.strokeStyle;
    context.beginPath();
    this.points.forEach(([x, y], index) => context[index ? "lineTo" : "moveTo"](x + 0.5, y + 0.5));
    context.stroke();
    for (const [x, y] of this.points) context.fillRect(x + 0.5 - 3 * line, y + 0.5 - 3 * line, 6 * line, 6 * line);
    if (!this.cross) return;
    const [x, y] = [this.cross[0] + 0.5, this.cross[1] + 0.5];
    context.strokeStyle = this.penDown ? "#ff2d95" : "#ffffff";
    context.beginPath();
    context.arc(x, y, Math.max(this.width / 2, 4 * line), 0, 7);
    for (const [dx, dy] of [[1, 0], [0, 1]] as const) {
      context.moveTo(x - 14 * dx * line, y - 14 * dy * line);
      context.lineTo(x + 14 * dx * line, y + 14 * dy * line);
    }
    context.stroke();
  }
}
