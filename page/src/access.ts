// For admins: who has a key, giving and revoking one; and who did what.

import * as api from "./api";
import type { Act, Key } from "./api";
import { el, replace, say, table } from "./dom";
import { time } from "./viewer";
import { t } from "./words";

const ROLES = ["operator", "engineer", "admin"] as const;

export class KeysPage {
  readonly element = el("section", { id: "keys", className: "page", hidden: true });

  async load(): Promise<void> {
    try {
      this.draw(await api.keys());
    } catch (error) {
      say(String((error as Error).message), "bad", [t("retry"), () => void this.load()]);
    }
  }

  private draw(keys: Key[], given?: string): void {
    const name = el("input", { required: true, maxLength: 64, id: "key-name", autocomplete: "off" });
    const role = el("select", { id: "key-role" }, ...ROLES.map((value) => el("option", { value }, t(value))));
    const form = el(
      "form",
      {
        className: "row",
        onsubmit: (event: Event) => {
          event.preventDefault();
          api.giveKey(name.value, role.value).then(
            async (key) => this.draw(await api.keys(), key),
            (error: Error) => say(error.message, "bad"),
          );
        },
      },
      el("label", {}, `${t("keyOf")} `, name),
      el("label", {}, `${t("role")} `, role),
      el("button", { className: "primary" }, t("giveKey")),
    );
    const rows = keys.map((key) => [
      key.name,
      t(key.role),
      time(key.created),
      key.revoked ? t("revoked") : el("button", { type: "button", onclick: () => this.revoke(key) }, t("revoke")),
    ]);
    replace(
      this.element,
      el("h1", {}, t("apiKeys")),
      form,
      given
        ? el("p", { className: "given", role: "status" }, `${t("givenOnce")} `, el("code", { tabIndex: 0 }, given))
        : null,
      table(t("apiKeys"), [t("keyOf"), t("role"), t("created"), t("act")], rows),
    );
  }

  private revoke(key: Key): void {
    if (!window.confirm(t("revokeAsked", key.name))) return;
    api.revokeKey(key.id).then(
      () => void this.load(),
      (error: Error) => say(error.message, "bad"),
    );
  }
}

export class AuditPage {
  readonly element = el("section", { id: "audit", className: "page", hidden: true });
  private acts: Act[] = [];
  private following: string | null = null;

  async load(fresh = true): Promise<void> {
    try {
      const page = await api.audit(fresh ? null : this.following);
      this.acts = fresh ? page.acts : [...this.acts, ...page.acts];
      this.following = page.next;
      this.draw();
    } catch (error) {
      say(String((error as Error).message), "bad", [t("retry"), () => void this.load(fresh)]);
    }
  }

  private draw(): void {
    const rows = this.acts.map((act) => [time(act.created), act.actor, act.address, act.action, act.target]);
    replace(
      this.element,
      el("h1", {}, t("auditLog")),
      table(t("auditLog"), [t("when"), t("who"), t("address"), t("act"), t("what")], rows),
      this.following ? el("button", { type: "button", onclick: () => void this.load(false) }, t("more")) : null,
    );
  }
}
