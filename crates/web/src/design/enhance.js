// Quickens what already works without it: copying a digest, filtering rows while typing, switching the theme.

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

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  const search = document.querySelector("form[role=search] input[type=search]");
  if (search) {
    event.preventDefault();
    search.focus();
  }
});
