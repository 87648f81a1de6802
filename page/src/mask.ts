// What is outlined, at the image's own size, as something to paint on: strokes, polygons, undo and redo, and a PNG of it.

export type Point = [number, number];

// A centre line that can be moved: its points, and the width at each, in pixels of the image.
export interface Line {
  points: Point[];
  widths: number[];
}

interface Change {
  tiles: Map<number, Uint8Array>;
  lines: Line[];
}

const TILE = 64;
// A picture of the mask for the screen has at most so many pixels on a side; beyond it a pixel stands for several.
const MAX_PICTURE = 4096;
const MAX_CHANGES = 200;
const COLOUR = [0, 229, 255, 110] as const;

export class Mask {
  readonly picture: OffscreenCanvas;
  // Centre lines belong to what is undone; they are replaced, never changed.
  lines: Line[] = [];
  private readonly data: Uint8Array;
  private readonly shrink: number;
  private readonly across: number;
  private readonly past: Change[] = [];
  private readonly future: Change[] = [];
  private open: Change | null = null;

  constructor(
    readonly width: number,
    readonly height: number,
    given: Uint8Array | null = null,
  ) {
    this.data = given ?? new Uint8Array(width * height);
    this.across = Math.ceil(width / TILE);
    this.shrink = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / MAX_PICTURE)));
    this.picture = new OffscreenCanvas(Math.ceil(width / this.shrink), Math.ceil(height / this.shrink));
    if (given) for (let tile = 0; tile < this.across * Math.ceil(height / TILE); tile += 1) this.show(tile);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  // What follows is undone as one.
  begin(): void {
    this.open = { tiles: new Map(), lines: this.lines };
  }

  end(): void {
    const { open } = this;
    this.open = null;
    if (!open || (open.tiles.size === 0 && open.lines === this.lines)) return;
    this.past.push(open);
    if (this.past.length > MAX_CHANGES) this.past.shift();
    this.future.length = 0;
  }

  // Takes back what was begun and not ended.
  drop(): void {
    if (this.open) this.exchange(this.open);
    this.open = null;
  }

  undo(): void {
    const change = this.past.pop();
    if (change) this.future.push(this.exchange(change));
  }

  redo(): void {
    const change = this.future.pop();
    if (change) this.past.push(this.exchange(change));
  }

  // A stroke from one place to another, as wide at each end as is said.
  stroke([x0, y0]: Point, [x1, y1]: Point, width0: number, width1: number, value: 0 | 1): void {
    const [r0, r1] = [width0 / 2, width1 / 2];
    const most = Math.max(r0, r1);
    const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    const box: Box = [Math.min(x0, x1) - most, Math.min(y0, y1) - most, Math.max(x0, x1) + most, Math.max(y0, y1) + most];
    this.fill(box, value, (x, y) => {
      const at = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2));
      const radius = Math.max(0.5, r0 + at * (r1 - r0));
      return (x - x0 - at * (x1 - x0)) ** 2 + (y - y0 - at * (y1 - y0)) ** 2 <= radius * radius;
    });
  }

  line(line: Line, value: 0 | 1, wider = 0): void {
    const { points, widths } = line;
    for (let at = 1; at < points.length; at += 1)
      this.stroke(points[at - 1]!, points[at]!, widths[at - 1]! + wider, widths[at]! + wider, value);
  }

  // By the even-odd rule.
  polygon(points: Point[], value: 0 | 1): void {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    this.fill([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], value, (x, y) => {
      let inside = false;
      for (let one = 0, other = points.length - 1; one < points.length; other = one, one += 1) {
        const [[x0, y0], [x1, y1]] = [points[one]!, points[other]!];
        if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
      }
      return inside;
    });
  }

  become(other: Uint8Array): void {
    this.fill([0, 0, this.width, this.height], 1, (x, y) => other[y * this.width + x] === 1);
    this.fill([0, 0, this.width, this.height], 0, (x, y) => other[y * this.width + x] === 0);
  }

  async png(): Promise<Blob> {
    const { width, height, data } = this;
    const bytes = Math.ceil(width / 8);
    const rows = new Uint8Array((bytes + 1) * height);
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        if (data[y * width + x]) rows[y * (bytes + 1) + 1 + (x >> 3)]! |= 128 >> (x & 7);
    const squeezed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
    const head = new Uint8Array(13);
    const view = new DataView(head.buffer);
    view.setUint32(0, width);
    view.setUint32(4, height);
    head[8] = 1; // one bit of grey
    const parts = [
      new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
      chunk("IHDR", head),
      chunk("IDAT", new Uint8Array(await new Response(squeezed).arrayBuffer())),
      chunk("IEND", new Uint8Array()),
    ];
    return new Blob(parts as BlobPart[], { type: "image/png" });
  }

  private fill([left, top, right, bottom]: Box, value: 0 | 1, inside: (x: number, y: number) => boolean): void {
    const x0 = Math.max(0, Math.floor(left));
    const y0 = Math.max(0, Math.floor(top));
    const x1 = Math.min(this.width - 1, Math.ceil(right));
    const y1 = Math.min(this.height - 1, Math.ceil(bottom));
    const touched = new Set<number>();
    for (let y = y0; y <= y1; y += 1)
      for (let x = x0; x <= x1; x += 1) {
        const at = y * this.width + x;
        if (this.data[at] === value || !inside(x, y)) continue;
        const tile = Math.floor(y / TILE) * this.across + Math.floor(x / TILE);
        if (this.open && !this.open.tiles.has(tile)) this.open.tiles.set(tile, this.read(tile));
        this.data[at] = value;
        touched.add(tile);
      }
    for (const tile of touched) this.show(tile);
  }

  private exchange(change: Change): Change {
    const back: Change = { tiles: new Map(), lines: this.lines };
    this.lines = change.lines;
    for (const [tile, pixels] of change.tiles) {
      back.tiles.set(tile, this.read(tile));
      const [x0, y0, width, height] = this.bounds(tile);
      for (let y = 0; y < height; y += 1)
        this.data.set(pixels.subarray(y * width, (y + 1) * width), (y0 + y) * this.width + x0);
      this.show(tile);
    }
    return back;
  }

  private read(tile: number): Uint8Array {
    const [x0, y0, width, height] = this.bounds(tile);
    const pixels = new Uint8Array(width * height);
    for (let y = 0; y < height; y += 1) {
      const from = (y0 + y) * this.width + x0;
      pixels.set(this.data.subarray(from, from + width), y * width);
    }
    return pixels;
  }

  private bounds(tile: number): [number, number, number, number] {
    const [x, y] = [(tile % this.across) * TILE, Math.floor(tile / this.across) * TILE];
    return [x, y, Math.min(TILE, this.width - x), Math.min(TILE, this.height - y)];
  }

  private show(tile: number): void {
    const [x0, y0, width, height] = this.bounds(tile);
    const { shrink } = this;
    const shown = new ImageData(Math.ceil(width / shrink), Math.ceil(height / shrink));
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        if (this.data[(y0 + y) * this.width + x0 + x])
          shown.data.set(COLOUR, 4 * (Math.floor(y / shrink) * shown.width + Math.floor(x / shrink)));
    this.picture.getContext("2d")!.putImageData(shown, x0 / shrink, y0 / shrink);
  }
}

type Box = [number, number, number, number];

// Read in bands: a canvas as large as a large image is more than many browsers give.
export async function readMask(address: string): Promise<Uint8Array> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const bitmap = await createImageBitmap(await answer.blob());
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height);
  const band = new OffscreenCanvas(width, Math.min(256, height));
  const context = band.getContext("2d", { willReadFrequently: true })!;
  for (let top = 0; top < height; top += band.height) {
    const rows = Math.min(band.height, height - top);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data: rgba } = context.getImageData(0, 0, width, rows);
    for (let at = 0; at < width * rows; at += 1) data[top * width + at] = Number(rgba[4 * at]! > 127);
  }
  bitmap.close();
  return data;
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function chunk(kind: string, content: Uint8Array): Uint8Array {
  const out = new Uint8Array(content.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, content.length);
  out.set(new TextEncoder().encode(kind), 4);
  out.set(content, 8);
  let crc = 0xffffffff;
  for (let at = 4; at < content.length + 8; at += 1) crc = CRC[(crc ^ out[at]!) & 255]! ^ (crc >>> 8);
  view.setUint32(content.length + 8, (crc ^ 0xffffffff) >>> 0);
  return out;
}
