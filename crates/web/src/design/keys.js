// The palette (Ctrl K or ⌘ K) over /search.json, the sheet of keys, and single keys, which can be switched off.

const off = () => localStorage.getItem("tickmark.keys") === "off";
const typing = (target) => target.closest?.("input, select, textarea, [contenteditable]");

function window_(label) {
  const dialog = made("dialog", "", "palette");
  dialog.setAttribute("aria-label", label);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  return dialog;
}

function palette() {
  if (document.querySelector("dialog.palette")) return;
  const dialog = window_("Search and go");
  const input = made("input");
  Object.assign(input, { type: "search", placeholder: "Search, or a page", autocomplete: "off", spellcheck: false });
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-controls", "palette-list");
  input.setAttribute("aria-label", "Search everything");
  const list = made("div", "", "results");
  list.id = "palette-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Results");
  dialog.append(input, list);
  input.focus();
  let at = 0;
  let asked = 0;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const mark = (next) => {
    const all = options();
    if (all.length === 0) return input.removeAttribute("aria-activedescendant");
    at = (next + all.length) % all.length;
    all.forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const ask = async () => {
    const turn = ++asked;
    let answer;
    try {
      const response = await fetch(`/search.json?q=${encodeURIComponent(input.value)}`, { headers: { accept: "application/json" } });
      if (!response.ok || response.redirected) throw new Error(response.status);
      answer = await response.json();
    } catch {
      if (turn === asked) list.replaceChildren(made("p", "The search does not answer. Reload the page.", "muted"));
      return;
    }
    if (turn !== asked) return;
    list.replaceChildren();
    let count = 0;
    for (const group of answer.groups) {
      const part = made("div");
      part.setAttribute("role", "group");
      part.setAttribute("aria-label", group.title);
      part.append(made("h2", group.title));
      for (const one of group.results) {
        const link = made("a");
        link.href = one.href;
        link.id = `palette-${count++}`;
        link.tabIndex = -1;
        link.setAttribute("role", "option");
        if (one.id) link.append(made("span", one.id, "mono"), " ");
        link.append(made("span", one.title));
        if (one.detail) link.append(made("span", one.detail, "sub"));
        part.append(link);
      }
      list.append(part);
    }
    if (count === 0) list.append(made("p", "Nothing has all of these words.", "muted"));
    mark(0);
  };
  let wait = 0;
  input.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(ask, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = options()[at];
      if (chosen) location.assign(chosen.href);
      else location.assign(`/search?q=${encodeURIComponent(input.value)}`);
    }
  });
  ask();
}

function keep(root) {
  const choice = root.querySelector("[data-keys-choice]");
  if (!choice) return;
  choice.hidden = false;
  const box = choice.querySelector("[data-keys-switch]");
  box.checked = !off();
  box.addEventListener("change", () => localStorage.setItem("tickmark.keys", box.checked ? "on" : "off"));
}
keep(document);

async function sheet() {
  if (document.querySelector("dialog.palette")) return;
  const response = await fetch("/shortcuts");
  if (!response.ok) return location.assign("/shortcuts");
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const keys = page.getElementById("shortcuts");
  if (!keys) return location.assign("/shortcuts");
  const dialog = window_("Keyboard shortcuts");
  const close = made("button", "Close", "button");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(made("h1", "Keyboard shortcuts"), document.adoptNode(keys), close);
  keep(dialog);
}

// Rows of the list: the one that was come to, and its link.
const rows = () => [...document.querySelectorAll("main table.cards tbody tr:not([hidden])")];
const link = (row) => row?.querySelector("a[data-row]");
let row = -1;
function step(by) {
  const all = rows();
  if (all.length === 0) return;
  const here = all.findIndex((one) => one.contains(document.activeElement));
  row = Math.min(Math.max((here >= 0 ? here : row) + by, 0), all.length - 1);
  link(all[row])?.focus();
  all[row].scrollIntoView({ block: "nearest" });
}

const PLACES = { w: "/work", c: "/controls", e: "/evidence/items", f: "/findings", o: "/" };
let going = 0;

const search = document.querySelector("[data-palette]");
search?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  palette();
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k" && search) {
    event.preventDefault();
    return palette();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || off()) return;
  if (document.querySelector("dialog[open]")) return;
  if (going && Date.now() - going < 1500 && PLACES[event.key]) {
    going = 0;
    event.preventDefault();
    return location.assign(PLACES[event.key]);
  }
  going = 0;
  const act = {
    "/": () => document.querySelector("form[role=search] input[type=search]")?.focus(),
    "?": () => search && sheet(),
    g: () => (going = search ? Date.now() : 0),
    j: () => step(1),
    k: () => step(-1),
    x: () => rows().find((one) => one.contains(document.activeElement))?.querySelector("td.pick input")?.click(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
