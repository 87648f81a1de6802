// The page: who is there, what is dropped, and which of the views is open.

import * as api from "./api";
import { AuditPage, KeysPage } from "./access";
import { DetectorsPage } from "./detectors";
import { byId, el, replace, say } from "./dom";
import { Gallery } from "./gallery";
import { JobsPage } from "./jobs";
import { TrainingPage } from "./training";
import { ReviewersPage } from "./reviewers";
import { Batch, type Photo, type Progress, chosen, dropped } from "./uploads";
import { Viewer } from "./viewer";
import { type Word, currentLanguage, setLanguage, t } from "./words";

const RELOAD_MS = 1500;

let user: api.Me;
let batch: Batch | null = null;
let reloaded = 0;
const gallery = new Gallery();
const viewer = new Viewer(gallery, () => user);
// What the header leads to beside the findings, and from which role on.
const PAGES: { hash: string; word: Word; role: api.Me["role"]; page: { element: HTMLElement; load(): Promise<void> } }[] = [
  { hash: "#/jobs", word: "jobs", role: "operator", page: new JobsPage() },
  { hash: "#/detectors", word: "detectors", role: "operator", page: new DetectorsPage(() => user) },
  { hash: "#/training", word: "training", role: "operator", page: new TrainingPage(() => user) },
  { hash: "#/reviewers", word: "reviewers", role: "engineer", page: new ReviewersPage() },
  { hash: "#/keys", word: "apiKeys", role: "admin", page: new KeysPage() },
  { hash: "#/audit", word: "auditLog", role: "admin", page: new AuditPage() },
];
const ROLES: api.Me["role"][] = ["operator", "engineer", "admin"];
const fields: Record<string, string> = { detector: "", mm_per_px: "" };

function buildHeader(): void {
  const link = (hash: string, word: Word): HTMLElement => el("a", { href: hash, "data-hash": hash }, t(word));
  const open = PAGES.filter(({ role }) => ROLES.indexOf(role) <= ROLES.indexOf(user.role));
  replace(
    byId("header"),
    el("a", { href: "#/", className: "logo" }, "blemish"),
    el("nav", { ariaLabel: t("pages") }, link("#/", "findings"), ...open.map(({ hash, word }) => link(hash, word))),
    el(
      "button",
      {
        type: "button",
        id: "language",
        lang: currentLanguage() === "en" ? "ko" : "en",
        onclick: () => {
          setLanguage(currentLanguage() === "en" ? "ko" : "en");
          build();
        },
      },
      t("language"),
    ),
    el("button", { type: "button", id: "theme", title: t("dark"), ariaLabel: t("dark"), onclick: switchTheme }, "◐"),
    user.needs_key
      ? el("button", { type: "button", onclick: () => void api.logOut().then(() => location.reload()) }, `${t("logOut")} (${user.name})`)
      : null,
  );
}

async function buildDrop(): Promise<void> {
  const known = await api.detectors();
  const files = el("input", { type: "file", id: "files", multiple: true, hidden: true, onchange: () => start(chosen(files.files ?? [])) });
  const folder = el("input", { type: "file", webkitdirectory: true, hidden: true, onchange: () => start(chosen(folder.files ?? [])) });
  const select = el(
    "select",
    { onchange: () => (fields.detector = select.value) },
    ...known.active.map((one) => el("option", { value: one.name, selected: fields.detector ? one.name === fields.detector : one.is_default }, one.name)),
  );
  const scale = el("input", {
    type: "number",
    min: "0",
    step: "any",
    value: fields.mm_per_px,
    placeholder: "0.2",
    oninput: () => (fields.mm_per_px = scale.value),
  });
  replace(
    byId("drop"),
    el("p", { className: "invitation" }, t("drop")),
    el(
      "div",
      { className: "row" },
      el("button", { type: "button", className: "primary", onclick: () => files.click() }, t("chooseFiles")),
      el("button", { type: "button", onclick: () => folder.click() }, t("chooseFolder")),
      files,
      folder,
      el("label", {}, `${t("detector")} `, select),
      el("label", {}, `${t("mmPerPx")} `, scale),
    ),
  );
}

function start(photos: Photo[]): void {
  if (!photos.length) return;
  const own = new Batch(photos, fields, (progress) => showProgress(own, progress));
  batch = own;
  void own.run().then((progress) => {
    if (batch === own) batch = null;
    showProgress(own, progress);
    say(t(own.cancelled ? "cancelled" : "done", progress.done));
    void gallery.load();
  });
}

function showProgress(own: Batch, progress: Progress): void {
  const { total, done, failures, leftS } = progress;
  const over = batch !== own;
  const failed = failures.map(({ photo, reason }) => el("li", {}, reason.includes(photo.name) ? reason : `${photo.name}: ${reason}`));
  const retry = (): void => start(failures.map(({ photo }) => photo));
  replace(
    byId("progress"),
    over
      ? null
      : el(
          "p",
          { role: "status" },
          el("progress", { max: total, value: done + failures.length, ariaLabel: t("inspected", done, total) }),
          ` ${t("inspected", done, total)} `,
          leftS === null ? "" : `· ${t("left", Math.ceil(leftS))} `,
          el("button", { type: "button", onclick: () => own.cancel() }, t("cancel")),
        ),
    failures.length
      ? el(
          "details",
          { open: over },
          el("summary", {}, t("failed", failures.length)),
          el("ul", {}, ...failed),
          over ? el("button", { type: "button", onclick: retry }, t("retry")) : null,
        )
      : null,
  );
  if (performance.now() - reloaded > RELOAD_MS) {
    reloaded = performance.now();
    void gallery.load();
  }
}

function switchTheme(): void {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

function route(): void {
  const id = /^#\/finding\/([0-9a-f]{32})$/.exec(location.hash)?.[1];
  const current = PAGES.find(({ hash }) => hash === location.hash);
  const wasHidden = current?.page.element.hidden;
  for (const { page } of PAGES) page.element.hidden = page !== current?.page;
  byId("home").hidden = current !== undefined;
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("data-hash") === (current?.hash ?? "#/");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  void current?.page.load();
  if (current && wasHidden) window.scrollTo(0, 0);
  gallery.setJob(/^#\/job\/([0-9a-f]{32})$/.exec(location.hash)?.[1] ?? null, id !== undefined || current !== undefined);
  if (id) void viewer.open(id);
  else if (viewer.isOpen) viewer.close();
}

function build(): void {
  document.documentElement.lang = currentLanguage();
  buildHeader();
  void buildDrop();
  byId("empty").textContent = t("empty");
  gallery.build();
  viewer.build();
  route();
}

function logInFirst(): void {
  const key = el("input", { type: "password", autocomplete: "current-password", required: true, ariaLabel: t("key"), placeholder: t("key") });
  const form = el(
    "form",
    {
      className: "log-in",
      onsubmit: (event: Event) => {
        event.preventDefault();
        api.logIn(key.value).then(
          () => void begin(),
          (error: Error) => say(error.message, "bad"),
        );
      },
    },
    el("h1", {}, "blemish"),
    el("p", {}, t("keyWanted")),
    key,
    el("button", { className: "primary" }, t("logIn")),
  );
  replace(byId("header"));
  replace(byId("home"), form);
  key.focus();
}

function listen(): void {
  window.addEventListener("hashchange", route);
  window.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input:not([type=checkbox]):not([type=range]), textarea, select");
    if (event.altKey || !viewer.isOpen) return;
    if (typing && event.key !== "Escape" && !(viewer.isEditing && event.key === "Enter")) return;
    const moves = event.target instanceof HTMLElement && event.target.matches("[type=range]") && event.key.startsWith("Arrow");
    // A button is pressed by Space and Enter, in the editor, too.
    const presses = event.target instanceof HTMLElement && event.target.matches("button, summary, a") && /^( |Enter)$/.test(event.key);
    if (!moves && !presses && viewer.key(event)) event.preventDefault();
  });
  for (const kind of ["dragenter", "dragover"] as const)
    window.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.add("dragging");
    });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    if (event.dataTransfer) void dropped(event.dataTransfer).then(start);
  });
  window.addEventListener("beforeunload", (event) => {
    if (batch) event.preventDefault();
  });
}

async function begin(): Promise<void> {
  try {
    user = await api.me();
  } catch (error) {
    if (error instanceof api.Refused && error.status === 401) return logInFirst();
    say(String((error as Error).message), "bad", [t("retry"), () => void begin()]);
    return;
  }
  const home = byId("home");
  replace(home, el("div", { id: "drop" }), el("div", { id: "progress" }), el("p", { id: "empty", hidden: true }), gallery.element);
  replace(byId("views"), ...PAGES.map(({ page }) => page.element), viewer.element);
  build();
  await gallery.load();
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
listen();
void begin();
