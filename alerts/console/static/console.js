// Keys for lists and buttons, and the place to go on from after a part of the page was replaced.
"use strict";

const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea, dialog[open]");
const rows = () => [...document.querySelectorAll("[data-row]")];
const held = () => document.activeElement.closest("[data-row]");

function go(step) {
  const all = rows();
  const next = all[Math.min(Math.max(all.indexOf(held()) + step, 0), all.length - 1)];
  if (next) enter(next);
}

function enter(row) {
  const link = row.querySelector("[data-go]") || row;
  link.focus();
  row.scrollIntoView({ block: "nearest" });
}

// Of a button that acts on picked rows: without any, the row that has the focus is picked.
function press(button) {
  if (button.dataset.acts === "rows" && !document.querySelector("[data-pick]:checked")) {
    const box = held() && held().querySelector("[data-pick]");
    if (!box) return;
    box.checked = true;
  }
  button.click();
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  x: () => held() && held().querySelector("[data-pick]").click(),
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => document.querySelector("dialog[data-help]")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const button = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
  if (button) press(button);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-opens-help]")) document.querySelector("dialog[data-help]").showModal();
  if (event.target.matches("[data-pick-all]")) {
    document.querySelectorAll("[data-pick]").forEach((box) => { box.checked = event.target.checked; });
  }
});

// Where a swap took the focus away, it goes to the same row or field, or to the row that took its place.
let place = null;
document.addEventListener("htmx:beforeSwap", () => {
  const row = held();
  place = { id: (row || document.activeElement).id, at: Math.max(rows().indexOf(row), 0) };
});
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement !== document.body) return;
  const all = rows();
  const next = (place.id && document.getElementById(place.id)) || all[Math.min(place.at, all.length - 1)];
  if (!next) document.getElementById("content").focus();
  else if (next.matches("[data-row]")) enter(next);
  else next.focus();
});
document.addEventListener("htmx:historyRestore", () => document.getElementById("content").focus());
document.addEventListener("htmx:responseError", (event) => {
  const status = document.getElementById("status");
  status.textContent = event.detail.xhr.responseText.trim() || document.body.dataset.failed;
});
document.addEventListener("htmx:sendError", () => {
  document.getElementById("status").textContent = document.body.dataset.away;
});

// What was done before the page came is said once it is there: a status line is only heard when it changes.
const done = document.getElementById("status");
const said = [...done.childNodes];
if (done.textContent.trim()) {
  done.replaceChildren();
  setTimeout(() => done.replaceChildren(...said), 100);
}

// What comes into a frame is heard by nobody: the button says what it brought.
document.addEventListener("submit", (event) => {
  if (event.submitter?.dataset.said) done.textContent = event.submitter.dataset.said;
});

// The bar of verdicts stands still below the line at the top, however many rows that takes.
const measure = () => {
  const line = document.getElementById("line");
  if (line) document.documentElement.style.setProperty("--line", `${line.offsetHeight}px`);
};
measure();
addEventListener("resize", measure);
document.addEventListener("htmx:afterSettle", measure);
