// Photos that were dropped or chosen: sent one by one, two at a time, with progress, cancel and another try.

import { Refused, inspect } from "./api";

export interface Photo {
  file: File;
  name: string;
}

export interface Failure {
  photo: Photo;
  reason: string;
}

export interface Progress {
  total: number;
  done: number;
  failures: Failure[];
  leftS: number | null;
}

const AT_ONCE = 2;
const TRIES = 20;
const pause = (s: number): Promise<void> => new Promise((resolve) => window.setTimeout(resolve, s * 1000));

export class Batch {
  private readonly waiting: Photo[];
  private readonly stop = new AbortController();
  private readonly started = performance.now();
  private done = 0;
  private readonly failures: Failure[] = [];
  readonly total: number;

  constructor(
    photos: Photo[],
    private readonly fields: Record<string, string>,
    private readonly onProgress: (progress: Progress) => void,
  ) {
    this.waiting = [...photos];
    this.total = photos.length;
  }

  get cancelled(): boolean {
    return this.stop.signal.aborted;
  }

  cancel(): void {
    this.stop.abort();
  }

  async run(): Promise<Progress> {
    this.onProgress(this.progress());
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
    return this.progress();
  }

  private progress(): Progress {
    const seen = this.done + this.failures.length;
    const perPhotoS = (performance.now() - this.started) / 1000 / Math.max(1, seen);
    const leftS = seen > 1 ? perPhotoS * (this.total - seen) : null;
    return { total: this.total, done: this.done, failures: [...this.failures], leftS };
  }

  private async work(): Promise<void> {
    for (let photo = this.waiting.shift(); photo && !this.cancelled; photo = this.waiting.shift()) {
      try {
        const reason = await this.send(photo);
        if (reason === null) this.done += 1;
        else this.failures.push({ photo, reason });
      } catch (error) {
        if (this.cancelled) return;
        this.failures.push({ photo, reason: error instanceof Error ? error.message : String(error) });
      }
      this.onProgress(this.progress());
    }
  }

  // Why a photo could not be inspected; null where it was. A busy server is asked again.
  private async send(photo: Photo): Promise<string | null> {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await inspect(photo.file, photo.name, this.fields, this.stop.signal)).finding.error;
      } catch (error) {
        const again = error instanceof Refused && error.retryAfterS !== null && tries < TRIES;
        if (!again || this.cancelled) throw error;
        await pause(Math.min((error as Refused).retryAfterS ?? 1, 15));
      }
    }
  }
}

// Everything below a dropped folder, too.
export async function dropped(transfer: DataTransfer): Promise<Photo[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return chosen(transfer.files);
  const photos: Photo[] = [];
  for (const entry of entries) await walk(entry, photos);
  return photos;
}

export const chosen = (files: Iterable<File>): Photo[] =>
  [...files].filter((file) => !file.name.startsWith(".")).map((file) => ({ file, name: file.webkitRelativePath || file.name }));

async function walk(entry: FileSystemEntry, photos: Photo[]): Promise<void> {
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, fail) => (entry as FileSystemFileEntry).file(resolve, fail));
    photos.push({ file, name: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, fail) => reader.readEntries(resolve, fail));
    if (some.length === 0) return;
    for (const child of some) await walk(child, photos);
  }
}
