// Quickens what already works without it: copying a digest, filtering rows while typing, switching the theme, opening the
// moment under the pointer on a board, and choosing a shorter period by drawing over its axis.

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say("Copied");
    } catch {
      say("Could not copy; select the text instead");
    }
  });
}

const status = document.getElementById("status");
function say(text) {
  status.textContent = text;
}

for (const form of document.querySelectorAll("form[data-filter]")) {
  const search = form.querySelector("input[type=search]");
  const rows = [...document.querySelectorAll(`#${form.dataset.filter} tbody tr`)];
  const count = form.querySelector("[data-shown]");
  // Only while every row is on the page; with more pages the server has to look.
  const whole = form.dataset.whole === "yes" && search.value === "";
  search.addEventListener("input", () => {
    if (!whole) return;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    if (count) count.textContent = String(shown);
  });
  for (const select of form.querySelectorAll("select")) {
    select.addEventListener("change", () => form.requestSubmit());
  }
}

for (const select of document.querySelectorAll("form[data-auto] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

const theme = document.querySelector("form[data-theme-form]");
theme?.addEventListener("submit", (event) => {
  event.preventDefault();
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const next = dark ? "light" : "dark";
  root.dataset.theme = next;
  document.cookie = `tickmark_theme=${next}; Path=/; SameSite=Strict; Max-Age=31536000`;
});

const day = 86_400_000;
const date = (ms) => new Date(ms).toISOString().slice(0, 10);
const go = (path, query) => location.assign(`${path}${path.includes("?") ? "&" : "?"}${query}`);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

for (const board of document.querySelectorAll(".board")) {
  const [from, to] = [Number(board.dataset.from), Number(board.dataset.to)];
  const part = (svg, event) => {
    const box = svg.getBoundingClientRect();
    return clamp((event.clientX - box.left) / box.width, 0, 1);
  };
  const at = (svg, event) => clamp(from + part(svg, event) * (to - from), from, to - 1);

  for (const svg of board.querySelectorAll("svg.cells[data-around], svg.cells[data-day]")) {
    svg.addEventListener("click", (event) => {
      const moment = at(svg, event);
      if (svg.dataset.day) return go(svg.dataset.day, `at=${date(moment)}`);
      // A month of a year, a week of a quarter, a day of a month.
      const days = (to - from) / day;
      const reach = days > 120 ? 15 * day : days > 20 ? 3 * day : 0;
      go(svg.dataset.around, `from=${date(moment - reach)}&to=${date(Math.min(moment + reach, Date.now()))}`);
    });
  }

  const axis = board.querySelector("svg.axis");
  if (!board.dataset.zoom || !axis) continue;
  let first = null;
  let brush = null;
  axis.addEventListener("pointerdown", (event) => {
    if (event.button === 0) first = event;
  });
  axis.addEventListener("dragstart", (event) => event.preventDefault());
  addEventListener("pointermove", (event) => {
    if (!first || Math.abs(event.clientX - first.clientX) < 8) return;
    if (!brush) {
      brush = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      brush.setAttribute("class", "brush");
      brush.setAttribute("height", "24");
      axis.append(brush);
    }
    const [a, b] = [part(axis, first), part(axis, event)].sort((x, y) => x - y);
    brush.setAttribute("x", `${a * 100}%`);
    brush.setAttribute("width", `${(b - a) * 100}%`);
  });
  addEventListener("pointerup", (event) => {
    if (brush) {
      const [a, b] = [at(axis, first), at(axis, event)].sort((x, y) => x - y);
      go(board.dataset.zoom, `from=${date(a)}&to=${date(b)}`);
    }
    first = null;
  });
  // What was drawn is not a click on the month below.
  axis.addEventListener("click", (event) => brush && event.preventDefault(), true);
}

// A page that shows work under way looks again, unless somebody is reading or writing further down.
const again = document.querySelector("[data-again]");
if (again) {
  setInterval(() => {
    if (document.visibilityState === "visible" && scrollY < 40 && !document.activeElement?.closest("input, select, form")) location.reload();
  }, Number(again.dataset.again) * 1000);
}

// One box that ticks the boxes of every row on the page.
for (const all of document.querySelectorAll("input[data-pick-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const row of all.closest("table").querySelectorAll("tbody tr:not([hidden])")) {
      const box = row.querySelector("td.pick input");
      if (box) box.checked = all.checked;
    }
  });
}

// Where tabs do not fit beside each other, the one that is shown is in sight.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.parentElement;
  if (row.scrollWidth > row.clientWidth) row.scrollLeft = tab.offsetLeft - row.offsetLeft - 32;
}

// Files: a list of what was chosen with names and sizes, dropping and pasting them, and the camera of a phone. The field of
// the browser stays what is sent.
const sized = (bytes) => bytes < 1000 ? `${bytes} B` : bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
const element = (name, text = "", className = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};

for (const input of document.querySelectorAll("input[type=file][data-most-bytes]")) {
  const zone = input.closest(".drop");
  const [mostBytes, mostFiles] = [Number(input.dataset.mostBytes), Number(input.dataset.mostFiles)];
  const tools = element("div", "", "drop-tools");
  const takesPictures = !input.accept || /image\/|\.(png|jpe?g)/.test(input.accept);
  tools.append(element("span", `Drop ${mostFiles === 1 ? "a file" : "files"} here${takesPictures ? ", or paste a picture" : ""}.`));
  const list = element("ul", "", "chosen");
  input.after(tools, list);

  const put = (files) => {
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    input.files = held.files;
    show();
  };
  const add = (files) => {
    // The same file dropped or pasted again is chosen once.
    const known = (file) => [...input.files].some((one) => one.name === file.name && one.size === file.size && one.lastModified === file.lastModified);
    const more = files.filter((file) => !known(file));
    if (more.length === 0) return;
    put([...input.files, ...more]);
    say(`${more.length} added, ${input.files.length} chosen`);
  };
  const show = () => {
    list.replaceChildren();
    const files = [...input.files];
    let wrong = files.length > mostFiles ? `At most ${mostFiles} files at once` : "";
    files.forEach((file, at) => {
      const row = element("li");
      row.append(element("span", file.name), element("span", sized(file.size), "size"));
      if (file.size > mostBytes) {
        wrong = `${file.name} is larger than ${sized(mostBytes)}`;
        row.append(element("span", "too large", "wrong"));
      }
      const remove = element("button", "Remove", "button quiet");
      remove.type = "button";
      remove.setAttribute("aria-label", `Remove ${file.name}`);
      remove.addEventListener("click", () => put(files.filter((_, other) => other !== at)));
      row.append(remove);
      list.append(row);
    });
    input.setCustomValidity(wrong);
  };

  input.addEventListener("change", show);
  show();
  for (const name of ["dragover", "dragenter"]) {
    zone.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    // Browsers call every pasted picture image.png.
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    add(files.map((file, at) => file.name === "image.png" ? new File([file], `pasted ${stamp}${at ? ` ${at + 1}` : ""}.png`, { type: file.type }) : file));
  });
  if (matchMedia("(pointer: coarse)").matches) {
    const camera = element("input");
    camera.type = "file";
    camera.accept = "image/*";
    camera.capture = "environment";
    camera.hidden = true;
    camera.addEventListener("change", () => {
      add([...camera.files]);
      camera.value = "";
    });
    const button = element("button", "Take a photograph", "button");
    button.type = "button";
    button.addEventListener("click", () => camera.click());
    tools.replaceChildren(button, camera);
  }
}
