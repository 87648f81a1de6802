// Filters, order and sorting. Without this script everything is shown, worst first.
// The state lies in the address after "#", so that a view can be bookmarked and sent with the file.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const cards = document.getElementById("cards");
  const gallery = document.getElementById("gallery");
  const images = gallery ? galleryImages(JSON.parse(gallery.textContent)) : [...cards.children];
  const items = [...document.querySelectorAll("[data-item]"), ...(gallery ? images : [])];
  const fields = [...form.elements].filter((field) => field.name);

  const has = (words, word) => !word || (words || "").split(" ").includes(word);

  function passes(item, wanted) {
    const data = item.dataset;
    return data.name.includes(wanted.text)
      && has(data.verdict, wanted.verdict)
      && has(data.direction, wanted.direction)
      && has(data.grade, wanted.grade)
      && (!wanted.element || data.element === wanted.element)
      && (wanted.width === 0 || Number(data.width || 0) >= wanted.width);
  }

  function arrange(order) {
    const value = (card) => Number(card.dataset[order]);
    const compare = {
      "": (a, b) => a.dataset.rank - b.dataset.rank,
      name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, undefined, { numeric: true }),
    }[order] || ((a, b) => value(b) - value(a) || a.dataset.rank - b.dataset.rank);
    images.sort(compare);
    if (!gallery) cards.append(...images);
  }

  function apply() {
    const state = Object.fromEntries(fields.map((field) => [field.name, field.type === "checkbox" ? (field.checked ? "1" : "") : field.value]));
    const wanted = { ...state, text: state.text.trim().toLowerCase(), width: Number(state.width) || 0 };
    items.forEach((item) => { item.hidden = !passes(item, wanted); });
    arrange(state.sort);
    tables.forEach((shorten) => shorten());
    document.body.classList.toggle("plain", state.plain === "1");
    if (state.map !== undefined) document.body.style.setProperty("--map", state.map / 100);
    if (gallery) lay(0);
    const said = document.getElementById("shown");
    said.textContent = said.dataset.said.replace("{count}", images.filter((image) => !image.hidden).length).replace("{all}", images.length);
    const kept = fields.filter((field) => state[field.name] && state[field.name] !== field.defaultValue).map((field) => [field.name, state[field.name]]);
    history.replaceState(null, "", kept.length ? `#${new URLSearchParams(kept)}` : location.pathname + location.search);
  }

  function restore() {
    // A plain "#images" is a place on the page and not a state.
    if (!location.hash.includes("=")) return;
    const state = new URLSearchParams(location.hash.slice(1));
    fields.forEach((field) => {
      if (field.type === "checkbox") field.checked = state.get(field.name) === "1";
      else field.value = state.get(field.name) || field.defaultValue || "";
    });
  }

  // Very many images: a row of numbers each, and of those that pass some at a time as small copies.
  function galleryImages(data) {
    return data.rows.map(([name, verdict, score, width, length, count, directions, grades, element, picture], index) => ({
      name, picture, hidden: false,
      said: [data.labels[verdict], width ? `${width.toFixed(2)} ${data.unit}` : ""].filter(Boolean).join(" · "),
      page: `${data.pages}/${Math.floor(index / data.perPage) + 1}.html#image-${index + 1}`,
      dataset: {
        rank: index + 1, name: name.toLowerCase(), verdict: data.verdicts[verdict] || "", score, width, length, count,
        direction: directions.map((each) => data.directions[each]).join(" "), grade: grades.join(" "), element: data.elements[element],
      },
    }));
  }

  const AT_ONCE = 60;
  let first = 0;

  function tile(image) {
    const link = document.createElement("a");
    const picture = document.createElement(image.picture ? "img" : "i");
    const said = document.createElement("span");
    link.className = `tile ${image.dataset.verdict}`;
    link.href = image.page;
    picture.className = "none";
    if (image.picture) Object.assign(picture, { className: "", loading: "lazy", decoding: "async", alt: "", src: image.picture });
    said.textContent = [image.dataset.rank, image.said].filter(Boolean).join(" · ");
    link.append(picture, image.name, said);
    return link;
  }

  function lay(from) {
    const passing = images.filter((image) => !image.hidden);
    const pager = document.getElementById("pager");
    first = Math.max(0, Math.min(from, AT_ONCE * Math.floor((passing.length - 1) / AT_ONCE)));
    cards.replaceChildren(...passing.slice(first, first + AT_ONCE).map(tile));
    pager.hidden = passing.length <= AT_ONCE;
    pager.querySelector("output").textContent = `${first + 1} – ${Math.min(first + AT_ONCE, passing.length)} / ${passing.length}`;
    pager.querySelectorAll("button").forEach((button) => {
      button.disabled = button.dataset.step < 0 ? first === 0 : first + AT_ONCE >= passing.length;
    });
  }

  // Of a long table the first rows are shown, and the others when asked for; on paper all of them.
  function makeShort(table) {
    let most = Number(table.dataset.sortable);
    const more = document.createElement("p");
    const button = document.createElement("button");
    more.className = "more";
    more.append(button);
    table.parentElement.after(more);
    const shorten = () => {
      let count = 0;
      for (const row of table.tBodies[0].rows) {
        const later = !row.hidden && ++count > most;
        if (row.classList.contains("later") !== later) row.classList.toggle("later", later);
      }
      more.hidden = count <= most;
      button.textContent = document.body.dataset.rows.replace("{count}", count);
    };
    button.type = "button";
    button.addEventListener("click", () => { most = Infinity; shorten(); });
    return shorten;
  }

  function makeSortable(table, shorten) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      head.classList.add("sorts");
      const isNumber = head.classList.contains("number");
      const value = (row) => {
        const cell = row.cells[column];
        const text = cell.dataset.value || cell.textContent.trim();
        return isNumber || cell.dataset.value ? Number.parseFloat(text) : text;
      };
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const rises = before ? before === "descending" : !isNumber;
        const compare = (a, b) => (typeof a === "string"
          ? a.localeCompare(b, undefined, { numeric: true })
          : (Number.isNaN(a) ? -Infinity : a) - (Number.isNaN(b) ? -Infinity : b) || 0);
        const rows = [...body.rows].sort((a, b) => (rises ? 1 : -1) * compare(value(a), value(b)));
        body.append(...rows);
        shorten();
        [...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", rises ? "ascending" : "descending");
      });
    });
  }

  const tables = [...document.querySelectorAll("table[data-sortable]")].map((table) => {
    const shorten = makeShort(table);
    makeSortable(table, shorten);
    return shorten;
  });
  document.querySelectorAll("#pager button").forEach((button) => {
    button.addEventListener("click", () => { lay(first + AT_ONCE * button.dataset.step); cards.scrollIntoView(); });
  });
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => { if (location.hash.includes("=")) { restore(); apply(); } });
  form.hidden = false;
  restore();
  apply();
})();
