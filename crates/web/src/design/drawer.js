// The drawer: a row of a list opens what it names beside the list. The link of the row still leads to the page itself, which is
// all that there is without script. What is open stands behind the # of the address, so that a link opens the same and the back
// button closes it.

const MARK = "#open=";
// Below this width a page is as good a place.
const wide = matchMedia("(min-width: 960px)");
const lists = [...document.querySelectorAll("main table.cards")];
const rows = () => lists.flatMap((list) => [...list.querySelectorAll("tbody tr:not([hidden])")]);

// The link that names a row: the server marks it.
const naming = (row) => row?.querySelector("a[data-row]");

// The page of a row, if it has one here.
function page(row) {
  const link = naming(row);
  const is_page = link && !link.hasAttribute("download") && link.origin === location.origin;
  return is_page ? link.pathname + link.search : null;
}

const named = (path) => rows().find((row) => page(row) === path);

// A page as it can stand in another one. Identifiers of two pages may be the same: those of the page in the drawer get a word in
// front, and so does what refers to them.
const REFERS = ["for", "form", "list", "popovertarget", "aria-controls", "aria-describedby", "aria-labelledby", "aria-owns"];
function moved(part, path) {
  const own = new Set();
  for (const one of part.querySelectorAll("[id]")) {
    own.add(one.id);
    one.id = `open-${one.id}`;
  }
  for (const name of REFERS) {
    for (const one of part.querySelectorAll(`[${name}]`)) {
      const words = one.getAttribute(name).split(/\s+/);
      one.setAttribute(name, words.map((word) => own.has(word) ? `open-${word}` : word).join(" "));
    }
  }
  for (const one of part.querySelectorAll("a[href^='#']")) {
    const word = one.getAttribute("href").slice(1);
    if (own.has(word)) one.setAttribute("href", `#open-${word}`);
  }
  // What leads to the page itself still does.
  for (const one of part.querySelectorAll("a[href^='?']")) one.href = path.split("?")[0] + one.getAttribute("href");
  for (const one of part.querySelectorAll("form:not([action])")) one.setAttribute("action", path);
  return part;
}

let drawer = null;
let turn = 0;

function build() {
  drawer = made("dialog", "", "drawer");
  const bar = made("div", "", "drawer-bar");
  const [before, after, close] = ["Previous", "Next", "Close"].map((word) => {
    const button = made("button", word, "button quiet");
    button.type = "button";
    return button;
  });
  before.addEventListener("click", () => beside(-1));
  after.addEventListener("click", () => beside(1));
  close.addEventListener("click", () => drawer.close());
  bar.append(made("a", "Open the page", "button"), before, after, close);
  drawer.append(bar, made("div", "", "drawer-page"));
  drawer.addEventListener("close", () => {
    const row = named(drawer.dataset.path);
    drawer.remove();
    drawer = null;
    if (location.hash.startsWith(MARK)) history.pushState(null, "", location.pathname + location.search);
    naming(row)?.focus();
  });
  drawer.addEventListener("click", (event) => event.target === drawer && drawer.close());
  drawer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (localStorage.getItem("tickmark.keys") === "off") return;
    if (event.key === "j") beside(1);
    if (event.key === "k") beside(-1);
  });
  document.body.append(drawer);
}

async function show(path) {
  const mine = ++turn;
  let found;
  try {
    const answer = await fetch(path, { headers: { accept: "text/html" } });
    const is_page = answer.ok && !answer.redirected && (answer.headers.get("content-type") ?? "").startsWith("text/html");
    if (is_page) found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  } catch {
    found = null;
  }
  if (mine !== turn) return;
  // What cannot be shown here, because a session ended or it is no page, is gone to.
  if (!found) return location.assign(path);
  for (const one of found.querySelectorAll(":scope > .print-head, :scope > nav, :scope > [role=status], script")) one.remove();
  if (!drawer) build();
  drawer.dataset.path = path;
  drawer.setAttribute("aria-label", found.querySelector("h1")?.textContent ?? "Details");
  const link = drawer.querySelector(".drawer-bar a");
  link.href = path;
  const all = rows().filter(page);
  const at = all.indexOf(named(path));
  const [, before, after] = drawer.querySelector(".drawer-bar").children;
  before.disabled = at <= 0;
  after.disabled = at < 0 || at === all.length - 1;
  const place = drawer.querySelector(".drawer-page");
  place.replaceChildren(...moved(document.adoptNode(found), path).childNodes);
  if (!drawer.open) drawer.showModal();
  drawer.scrollTop = 0;
  // What had the focus may be gone, or be of no use at the first and the last row.
  if (!drawer.contains(document.activeElement) || document.activeElement.disabled) link.focus();
}

// Opens what an address names, and keeps it in the address of this page.
function open(path) {
  const address = location.pathname + location.search + MARK + path;
  if (drawer) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  return show(path);
}

function beside(by) {
  const all = rows().filter(page);
  const next = all[all.indexOf(named(drawer.dataset.path)) + by];
  if (next) open(page(next));
}

// The address decides what is open: of a link, and of going back.
function follow() {
  const path = location.hash.startsWith(MARK) ? location.hash.slice(MARK.length) : null;
  // Only what the list names is fetched, whatever somebody wrote into a link.
  if (path && named(path)) show(path);
  else drawer?.close();
}

if (lists.length > 0) {
  addEventListener("popstate", follow);
  if (location.hash.startsWith(MARK)) follow();
}

for (const list of lists) {
  list.classList.add("opens");
  list.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    const is_meant = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && wide.matches;
    if (!row || !is_meant || event.target.closest("a, button, input, label, select, summary, svg, .digest")) return;
    if (getSelection().toString() || !page(row)) return;
    open(page(row));
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "o" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (localStorage.getItem("tickmark.keys") === "off" || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
  const path = page(document.activeElement?.closest("main table.cards tbody tr"));
  if (!path) return;
  event.preventDefault();
  open(path);
});
