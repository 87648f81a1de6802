// One photo and the layers over it: anomaly map, outline, centre lines, widths. Zoom with wheel, pinch or keys; drag to pan.

import type { Stored } from "./api";
import { number } from "./words";

export interface Layers {
  map: boolean;
  opacity: number;
  mask: boolean;
  skeleton: boolean;
  widths: boolean;
}

// What draws on the photo; places are in pixels of the image.
export interface Hand {
  down(x: number, y: number): void;
  move(x: number, y: number): void;
  up(): void;
  drop(): void;
}

const OUTLINE = [0, 229, 255];
const MAX_ZOOM = 40;

export class Canvas {
  readonly element = document.createElement("canvas");
  layers: Layers = { map: true, opacity: 0.55, mask: true, skeleton: false, widths: true };
  hand: Hand | null = null;
  // Drawn over all else; ``line`` is how long a pixel of the screen is in the image.
  over: ((context: CanvasRenderingContext2D, line: number) => void) | null = null;
  private drawing = false;
  private stored: Stored | null = null;
  private view: ImageBitmap | null = null;
  private levels: ImageData | null = null;
  private outlined: ImageData | null = null;
  private tint: OffscreenCanvas | null = null;
  private outline: OffscreenCanvas | null = null;
  private threshold: number | null = null;
  private scale = 1;
  private left = 0;
  private top = 0;
  private asked = false;
  private readonly pointers = new Map<number, PointerEvent>();

  constructor() {
    this.element.tabIndex = 0;
    new ResizeObserver(() => this.fit()).observe(this.element);
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    });
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
      // A second finger makes it a pinch.
      if (this.drawing) this.hand?.drop();
      this.drawing = this.hand !== null && this.pointers.size === 1 && event.button === 0;
      if (this.drawing) this.hand!.down(...this.place(event.offsetX, event.offsetY));
    });
    this.element.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"] as const)
      this.element.addEventListener(end, (event) => {
        this.pointers.delete(event.pointerId);
        if (this.drawing) this.hand?.up();
        this.drawing = false;
      });
    this.element.addEventListener("dblclick", () => this.hand ?? this.fit());
  }

  // Loads the pictures of a finding; the one before stays until they are there.
  async show(stored: Stored): Promise<void> {
    const at = `/v1/findings/${stored.id}`;
    const [view, map, mask] = await Promise.all([
      picture(`${at}/view`),
      stored.map_range ? picture(`${at}/map`) : null,
      stored.has_mask ? picture(`${at}/${stored.corrected ? "corrected" : "mask"}`) : null,
    ]);
    this.stored = stored;
    this.view = view;
    this.levels = map && pixels(map);
    this.outlined = mask && pixels(mask, 2400);
    this.tint = this.levels && tinted(this.levels);
    this.element.setAttribute("aria-label", stored.finding.image);
    this.setThreshold(null);
    this.fit();
  }

  // Cut the mask from the anomaly map at another value; null: what the detector outlined. The fraction that is outlined.
  setThreshold(value: number | null): number {
    this.threshold = value;
    let fraction = 0;
    const range = this.stored?.map_range;
    if (value === null || !this.levels || !range) {
      this.outline = this.outlined && edges(this.outlined, 128);
      if (this.outlined) fraction = covered(this.outlined, 128);
    } else {
      // Maps end at white: beyond it nothing is told apart.
      const level = Math.min(255, Math.max(1, Math.round((255 * (value - range[0])) / (range[1] - range[0]))));
      this.outline = edges(this.levels, level);
      fraction = covered(this.levels, level);
    }
    this.draw();
    return fraction;
  }

  fit(): void {
    if (!this.view) return;
    const { clientWidth, clientHeight } = this.element;
    const [width, height] = this.size();
    this.scale = Math.min(clientWidth / width, clientHeight / height) || 1;
    this.left = (clientWidth - width * this.scale) / 2;
    this.top = (clientHeight - height * this.scale) / 2;
    this.draw();
  }

  zoom(by: number, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2): void {
    const [width, height] = this.size();
    const least = 0.5 * Math.min(this.element.clientWidth / width, this.element.clientHeight / height);
    const scale = Math.min(MAX_ZOOM, Math.max(least, this.scale * by));
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.draw();
  }

  // How many pixels of the screen a pixel of the image is.
  get zoomed(): number {
    return this.scale;
  }

  centre(): [number, number] {
    return this.place(this.element.clientWidth / 2, this.element.clientHeight / 2);
  }

  // Moves the image as far as a place needs to be seen.
  reveal([x, y]: [number, number]): void {
    const [margin, { clientWidth, clientHeight }] = [24, this.element];
    const [atX, atY] = [this.left + (x + 0.5) * this.scale, this.top + (y + 0.5) * this.scale];
    this.left += Math.max(0, margin - atX) - Math.max(0, atX - clientWidth + margin);
    this.top += Math.max(0, margin - atY) - Math.max(0, atY - clientHeight + margin);
    this.draw();
  }

  // The place in the image that lies there in the element.
  place(x: number, y: number): [number, number] {
    return [(x - this.left) / this.scale - 0.5, (y - this.top) / this.scale - 0.5];
  }

  draw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }

  private size(): [number, number] {
    return this.stored?.finding.size_px ?? [this.view?.width ?? 1, this.view?.height ?? 1];
  }

  private drag(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (this.drawing) {
      this.hand?.move(...this.place(event.offsetX, event.offsetY));
    } else if (this.pointers.size === 2) {
      const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId)!;
      const span = (one: PointerEvent): number => Math.hypot(one.offsetX - other.offsetX, one.offsetY - other.offsetY);
      this.zoom(span(event) / Math.max(1, span(before)), other.offsetX, other.offsetY);
    } else {
      this.left += event.offsetX - before.offsetX;
      this.top += event.offsetY - before.offsetY;
      this.draw();
    }
    this.pointers.set(event.pointerId, event);
  }

  private paint(): void {
    const { element, view, layers } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(element.clientWidth * ratio), Math.round(element.clientHeight * ratio)];
    if (element.width !== width || element.height !== height) [element.width, element.height] = [width, height];
    const context = element.getContext("2d");
    if (!context || !view) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.left, ratio * this.top);
    const [imageWidth, imageHeight] = this.size();
    context.imageSmoothingEnabled = this.scale < 3;
    context.drawImage(view, 0, 0, imageWidth, imageHeight);
    if (layers.map && this.tint) {
      context.globalAlpha = layers.opacity;
      context.drawImage(this.tint, 0, 0, imageWidth, imageHeight);
      context.globalAlpha = 1;
    }
    context.imageSmoothingEnabled = false;
    if (this.over) {
      this.over(context, 1 / this.scale);
      return;
    }
    if (layers.mask && this.outline) context.drawImage(this.outline, 0, 0, imageWidth, imageHeight);
    // What was measured belongs to the detector's own outline.
    if (this.threshold === null) this.paintCracks(context);
  }

  private paintCracks(context: CanvasRenderingContext2D): void {
    const line = 1 / this.scale;
    for (const crack of this.stored?.finding.cracks ?? []) {
      if (this.layers.skeleton) {
        context.strokeStyle = "#ffe14d";
        context.lineWidth = 1.6 * line;
        context.beginPath();
        crack.polyline_px.forEach(([x, y], index) => context[index ? "lineTo" : "moveTo"](x + 0.5, y + 0.5));
        context.stroke();
      }
      if (this.layers.widths) {
        const [x, y] = crack.max_width_at;
        context.strokeStyle = "#ff2d95";
        context.lineWidth = 2 * line;
        context.beginPath();
        context.arc(x + 0.5, y + 0.5, Math.max(crack.max_width_px / 2, 5 * line), 0, 7);
        context.stroke();
        const text = crack.mm ? `${number(crack.mm.max_width, 2)} mm` : `${number(crack.max_width_px, 2)} px`;
        const right = (this.element.clientWidth - this.left) * line;
        label(context, text, [x, y], line, { right, upper: -this.top * line });
      }
    }
  }
}

// Right of the place and above it; on the other side where that would leave what is seen. All in pixels of the image.
function label(
  context: CanvasRenderingContext2D,
  text: string,
  [x, y]: [number, number],
  line: number,
  seen: { right: number; upper: number },
): void {
  context.font = `600 ${13 * line}px system-ui, sans-serif`;
  const [away, margin, width] = [10 * line, 3 * line, context.measureText(text).width];
  const left = x + away + width + margin > seen.right ? x - away - width : x + away;
  const top = y - away - 13 * line < seen.upper ? y + away + 13 * line : y - away;
  context.fillStyle = "rgb(0 0 0 / 70%)";
  context.fillRect(left - margin, top - 13 * line, width + 2 * margin, 17 * line);
  context.fillStyle = "#fff";
  context.fillText(text, left, top);
}

async function picture(address: string): Promise<ImageBitmap> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return createImageBitmap(await answer.blob());
}

function pixels(picture: ImageBitmap, side = Infinity): ImageData {
  const shrink = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.round(picture.width * shrink) || 1, Math.round(picture.height * shrink) || 1);
  const context = canvas.getContext("2d")!;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// The colour scale of the overlays: yellow to red, plain where the map is black.
function tinted(levels: ImageData): OffscreenCanvas {
  const out = new ImageData(levels.width, levels.height);
  for (let at = 0; at < out.data.length; at += 4) {
    const level = levels.data[at]!;
    out.data[at] = 255;
    out.data[at + 1] = 255 - level;
    out.data[at + 3] = level;
  }
  return drawn(out);
}

const covered = (levels: ImageData, from: number): number => {
  let count = 0;
  for (let at = 0; at < levels.data.length; at += 4) count += Number(levels.data[at]! >= from);
  return (4 * count) / levels.data.length;
};

// A line just outside of where the levels reach a value, and a breath of colour inside.
function edges(levels: ImageData, from: number): OffscreenCanvas {
  const { width, height, data } = levels;
  const out = new ImageData(width, height);
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[4 * (y * width + x)]! >= from;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const own = inside(x, y);
      const edge = !own && (inside(x - 1, y) || inside(x + 1, y) || inside(x, y - 1) || inside(x, y + 1));
      if (own || edge) out.data.set([...OUTLINE, edge ? 255 : 36], 4 * (y * width + x));
    }
  return drawn(out);
}

function drawn(data: ImageData): OffscreenCanvas {
  const canvas = new OffscreenCanvas(data.width, data.height);
  canvas.getContext("2d")!.putImageData(data, 0, 0);
  return canvas;
}
