// One finding: the photo with its layers, thresholds to move, what was measured, and the decision.

import * as api from "./api";
import type { Decision, Me, Stored } from "./api";
import { Canvas, type Layers } from "./canvas";
import { Editor } from "./editor";
import { byId, el, replace, say } from "./dom";
import type { Gallery } from "./gallery";
import { measurements } from "./measurements";
import { TrendPanel } from "./trend";
import { currentLanguage, number, t, tr } from "./words";

type Switch = "map" | "mask" | "skeleton" | "widths";

const BACK: Record<Stored["state"], Decision> = {
  open: "reopen",
  approved: "approve",
  rejected: "reject",
  corrected: "correct",
};
const STATE_AFTER = { approve: "approved", reject: "rejected", correct: "corrected", reopen: "open" } as const;

// What a decision replaced; a correction with its mask.
interface Before {
  id: string;
  state: Stored["state"];
  mask: Blob | null;
}

export class Viewer {
  readonly element = el("section", { id: "viewer", hidden: true });
  private readonly canvas = new Canvas();
  private readonly side = el("div", { className: "side" });
  private found: Stored | null = null;
  private readonly editor = new Editor(this.canvas, (saved) => void this.edited(saved));
  private readonly trend = new TrendPanel();
  private readonly undone: Before[] = [];
  private replaced: Before | null = null;
  private deciding = false;
  private opening = 0;
  private comment = el("textarea", {});
  private tags = new Set<string>();
  private thresholds = new Map<string, number | null>();

  constructor(
    private readonly gallery: Gallery,
    private readonly me: () => Me,
  ) {}

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  build(): void {
    const button = (word: Parameters<typeof t>[0], act: () => void, sign: string): HTMLElement =>
      el("button", { type: "button", title: t(word), ariaLabel: t(word), onclick: act }, sign);
    replace(
      this.element,
      el(
        "div",
        { className: "stage" },
        this.canvas.element,
        el(
          "div",
          { className: "tools" },
          button("close", () => (this.editor.isOpen ? this.editor.leave() : this.close()), "✕"),
          button("previous", () => void this.step(-1), "‹"),
          button("next", () => void this.step(1), "›"),
          button("zoomIn", () => this.canvas.zoom(1.4), "+"),
          button("zoomOut", () => this.canvas.zoom(1 / 1.4), "−"),
          button("fit", () => this.canvas.fit(), "⤢"),
          button("keys", () => say(t("keyHelp")), "?"),
        ),
      ),
      this.side,
    );
    if (this.found && this.isOpen) void this.open(this.found.id);
  }

  async open(id: string): Promise<void> {
    if (this.editor.isOpen) this.editor.close();
    const turn = ++this.opening;
    try {
      const [found, known] = await Promise.all([api.finding(id), api.detectors()]);
      if (turn !== this.opening) return; // another one was asked for, or none
      for (const one of known.active) this.thresholds.set(one.name, one.thresholds.pixel);
      this.found = found;
      this.element.hidden = false;
      this.cover(true);
      this.tags = new Set();
      this.comment = el("textarea", { rows: 2, maxLength: 4000, ariaLabel: t("comment"), placeholder: t("comment") });
      await Promise.all([this.drawSide(), this.canvas.show(found).then(() => (this.deciding = false))]);
      this.gallery.prefetch(id);
      this.canvas.element.focus({ preventScroll: true });
    } catch (error) {
      say(String((error as Error).message), "bad");
      this.close();
    }
  }

  close(): void {
    const id = this.found?.id;
    this.opening += 1;
    this.element.hidden = true;
    this.cover(false);
    if (location.hash.startsWith("#/finding/")) location.hash = this.gallery.hash;
    document.querySelector<HTMLElement>(`[data-id="${id}"]`)?.focus();
  }

  // What lies below is neither scrolled nor reached by Tab.
  private cover(isOpen: boolean): void {
    document.body.classList.toggle("viewing", isOpen);
    for (const id of ["header", "home"]) byId(id).inert = isOpen;
  }

  async step(by: 1 | -1): Promise<void> {
    if (this.editor.isOpen) return;
    const other = this.found && (await this.gallery.neighbour(this.found.id, by));
    if (other) location.hash = `#/finding/${other.id}`;
  }

  get isEditing(): boolean {
    return this.editor.isOpen;
  }

  // True where the key was one of the viewer's.
  key(event: KeyboardEvent): boolean {
    if (this.editor.isOpen) return this.editor.key(event);
    const { key } = event;
    if (event.ctrlKey || event.metaKey) return false;
    const acts: Record<string, () => void> = {
      ArrowLeft: () => void this.step(-1),
      ArrowRight: () => void this.step(1),
      k: () => void this.step(-1),
      j: () => void this.step(1),
      a: () => void this.decide("approve"),
      r: () => void this.decide("reject"),
      o: () => void this.decide("reopen"),
      c: () => void this.edit(),
      t: () => this.side.querySelector<HTMLElement>(".trend summary")?.click(),
      u: () => void this.undo(),
      m: () => this.toggle("map"),
      l: () => this.toggle("mask"),
      s: () => this.toggle("skeleton"),
      w: () => this.toggle("widths"),
      "+": () => this.canvas.zoom(1.4),
      "=": () => this.canvas.zoom(1.4),
      "-": () => this.canvas.zoom(1 / 1.4),
      "0": () => this.canvas.fit(),
      "?": () => say(t("keyHelp")),
      Escape: () => this.close(),
    };
    const act = acts[key.length === 1 ? key.toLowerCase() : key];
    act?.();
    return act !== undefined;
  }

  private toggle(layer: Switch): void {
    this.canvas.layers[layer] = !this.canvas.layers[layer];
    const box = this.side.querySelector<HTMLInputElement>(`[data-layer="${layer}"]`);
    if (box) box.checked = this.canvas.layers[layer];
    this.canvas.draw();
  }

  private async edit(): Promise<void> {
    const { found } = this;
    if (!found?.finding.size_px) return;
    try {
      this.replaced = await this.before(found);
      await this.editor.open(found);
      replace(this.side, el("h1", {}, found.finding.image), this.editor.element);
      this.canvas.element.focus({ preventScroll: true });
    } catch (error) {
      say(String((error as Error).message), "bad");
    }
  }

  private async edited(saved: boolean): Promise<void> {
    const { id } = this.found!;
    if (saved && this.replaced) {
      this.undone.push(this.replaced);
      say(t("corrected"), "plain", [t("undo"), () => void this.undo()]);
    }
    await this.open(id);
    this.gallery.put(this.found!);
  }

  private async before(found: Stored): Promise<Before> {
    const mask = found.state === "corrected" ? await api.correctedMask(found.id) : null;
    return { id: found.id, state: found.state, mask };
  }

  private async decide(decision: Decision): Promise<void> {
    const before = this.found;
    // A key that is pressed before the next finding is seen decides nothing about that one.
    if (!before || this.deciding) return;
    if (decision === "approve" && before.state === "corrected") {
      await this.step(1); // the correction is what is right
      return;
    }
    this.deciding = true;
    try {
      const replaced = await this.before(before);
      await api.review(before, decision, [...this.tags], this.comment.value);
      this.undone.push(replaced);
      this.gallery.put(await api.finding(before.id));
      say(t(STATE_AFTER[decision]), "plain", [
        t("undo"),
        () => void this.undo(),
      ]);
      const next = decision === "reopen" ? null : await this.gallery.neighbour(before.id, 1);
      // Whoever has left meanwhile stays away.
      if (!this.isOpen || this.found?.id !== before.id) return;
      if (next) history.pushState(null, "", `#/finding/${next.id}`);
      await this.open(next?.id ?? before.id);
    } catch (error) {
      say(error instanceof api.Refused && error.status === 412 ? t("decidedSince") : String((error as Error).message), "bad");
      await this.open(before.id);
    } finally {
      this.deciding = false;
    }
  }

  private async undo(): Promise<void> {
    const last = this.undone.pop();
    if (!last) {
      say(t("nothingToUndo"));
      return;
    }
    try {
      const found = await api.finding(last.id);
      if (last.mask) await api.correct(found, last.mask, null);
      else await api.review(found, BACK[last.state], [], "");
      this.gallery.put(await api.finding(last.id));
      say(t("undone"));
      if (location.hash === `#/finding/${last.id}`) await this.open(last.id);
      else location.hash = `#/finding/${last.id}`;
    } catch (error) {
      say(String((error as Error).message), "bad");
    }
  }

  private async drawSide(): Promise<void> {
    const found = this.found!;
    const { finding } = found;
    const history = el("ol", { className: "history" });
    replace(
      this.side,
      el("h1", {}, finding.image),
      el(
        "p",
        { className: "facts" },
        el("span", { className: `verdict ${finding.verdict ?? "none"}` }, t(finding.verdict ?? "none")),
        el("span", { className: `state ${found.state}` }, t(found.state)),
        finding.score === null ? null : ` ${t("score")} ${number(finding.score, 4)}`,
        finding.p_value === null ? null : ` · ${t("pValue")} ${number(finding.p_value, 2)}`,
        finding.label ? ` · ${tr(finding.label)}` : null,
      ),
      this.decision(),
      this.layers(),
      this.honeypot(found),
      el("h2", {}, t("measurements")),
      measurements(finding),
      this.trend.build(found, () => void this.open(found.id)),
      finding.notes.length ? el("h2", {}, t("notes")) : null,
      ...finding.notes.map((note) => el("p", { className: "note" }, note)),
      el("h2", {}, t("history")),
      history,
      el(
        "p",
        { className: "note" },
        `${found.detector} ${found.detector_sha.slice(0, 12)} · ${found.inspected_by} · ${time(found.created)} · `,
        el("a", { href: `/v1/findings/${found.id}/image` }, t("download")),
      ),
    );
    const told = (await api.reviews(found.id)).map((one) =>
      el(
        "li",
        {},
        el("b", {}, t(STATE_AFTER[one.decision])),
        ` ${one.reviewer}, ${time(one.created)}`,
        one.tags.length ? ` · ${one.tags.join(", ")}` : "",
        one.comment ? el("q", {}, one.comment) : null,
      ),
    );
    replace(history, ...told);
  }

  private decision(): HTMLElement {
    const edit = el("button", { type: "button", className: "correct", onclick: () => void this.edit() }, t("correctKey"));
    const button = (decision: Decision, word: "right" | "wrong" | "reopen"): HTMLElement =>
      el("button", { type: "button", className: decision, onclick: () => void this.decide(decision) }, t(word));
    const tags = t("tagList")
      .split(", ")
      .map((tag) => {
        const chip = el(
          "button",
          {
            type: "button",
            className: "chip",
            ariaPressed: "false",
            onclick: () => {
              if (!this.tags.delete(tag)) this.tags.add(tag);
              chip.setAttribute("aria-pressed", String(this.tags.has(tag)));
            },
          },
          tag,
        );
        return chip;
      });
    return el(
      "div",
      { className: "decide" },
      el("div", { className: "row" }, button("approve", "right"), button("reject", "wrong"), edit, button("reopen", "reopen")),
      el("div", { className: "row", role: "group", ariaLabel: t("tags") }, ...tags),
      this.comment,
    );
  }

  // What an engineer has decided about can be shown again, to measure those who decide.
  private honeypot({ id, state }: Stored): HTMLElement | null {
    if (this.me().role === "operator" || state === "open") return null;
    const act = (): void => {
      api.setHoneypot(id, state === "rejected" ? "reject" : "approve").then(
        () => say(t("willBeMixedIn"), "plain", [t("undo"), () => void api.setHoneypot(id, null)]),
        (error: Error) => say(error.message, "bad"),
      );
    };
    return el("p", {}, el("button", { type: "button", id: "honeypot", onclick: act }, t("mixIn")));
  }

  private layers(): HTMLElement {
    const { canvas } = this;
    const box = (layer: Switch): HTMLElement =>
      el(
        "label",
        {},
        el("input", {
          type: "checkbox",
          checked: canvas.layers[layer],
          "data-layer": layer,
          onchange: () => this.toggle(layer),
        }),
        ` ${t(layer)}`,
      );
    const opacity = el("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.05",
      value: String(canvas.layers.opacity),
      ariaLabel: t("mapOpacity"),
      oninput: () => {
        canvas.layers = { ...canvas.layers, opacity: Number(opacity.value) } satisfies Layers;
        canvas.draw();
      },
    });
    return el(
      "fieldset",
      {},
      el("legend", {}, t("layers")),
      box("map"),
      opacity,
      box("mask"),
      box("skeleton"),
      box("widths"),
      this.found!.map_range && this.found!.finding.verdict !== "unusable" ? this.threshold(this.found!.map_range) : null,
    );
  }

  private threshold([low, high]: [number, number]): HTMLElement {
    const own = this.thresholds.get(this.found!.detector) ?? low + (high - low) / 3;
    const said = el("output", {});
    const slider = el("input", {
      type: "range",
      min: String(low),
      max: String(high),
      step: String((high - low) / 255),
      value: String(own),
      id: "pixel-threshold",
      oninput: () => move(Number(slider.value)),
    });
    const reset = el("button", { type: "button", hidden: true, onclick: () => move(null) }, t("reset"));
    const move = (value: number | null): void => {
      const fraction = this.canvas.setThreshold(value);
      if (value === null) slider.value = String(own);
      said.value = value === null ? number(own) : `${number(value)}: ${t("area", number(100 * fraction, 2))}`;
      reset.hidden = value === null;
    };
    said.value = number(own);
    return el("p", {}, el("label", { htmlFor: "pixel-threshold" }, t("pixelThreshold")), " ", said, " ", reset, slider);
  }
}

export const time = (iso: string): string =>
  new Date(iso).toLocaleString(currentLanguage(), { dateStyle: "medium", timeStyle: "short" });
