// Making elements. Text is always set as text: a file's name can hold any sign, and none becomes markup.

type Child = Node | string | null | undefined | false;
type Properties = Record<string, unknown>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value as EventListener);
    else if (/^aria[A-Z]/.test(name)) made.setAttribute(`aria-${name.slice(4).toLowerCase()}`, String(value));
    else if (name in made && name !== "list") (made as never as Properties)[name] = value;
    else made.setAttribute(name === "className" ? "class" : name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child): child is Node | string => !!child || child === ""));
  return made;
}

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

export function replace(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((child): child is Node | string => !!child));
}

// A table with heads; it scrolls by itself where the page is narrow.
export function table(name: string, heads: string[], rows: Child[][]): HTMLElement {
  return el(
    "div",
    { className: "table", tabIndex: 0, role: "region", ariaLabel: name },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))))),
    ),
  );
}

let saying = 0;

// A sentence at the foot of the page, also told to a screen reader; it goes by itself.
export function say(sentence: string, kind: "plain" | "bad" = "plain", action?: [string, () => void]): void {
  const line = byId("said");
  const button = action ? el("button", { type: "button", onclick: action[1] }, action[0]) : null;
  replace(line, el("span", {}, sentence), button);
  line.className = kind;
  line.hidden = false;
  window.clearTimeout(saying);
  saying = window.setTimeout(() => (line.hidden = true), kind === "bad" ? 12000 : 6000);
}
