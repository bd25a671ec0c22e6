"use strict";
// The report's behaviour. The data is one object: the source's lines, the stages (what stood after each pass), the
// texts of functions (each once), and which ranges of lines a pass replaced. Rows of a text are
// [text, operation, line, column]; operations are numbered by identity, 0 is none.

const data = JSON.parse(document.getElementById("data").textContent);
const stages = data.stages;
const byId = (id) => document.getElementById(id);
const state = { stage: 0, fn: "", op: 0, line: 0, diff: false };

// ---- what stands where -------------------------------------------------------------------------------------------

const versions = stages.map((stage) => new Map(stage.functions));
const rowsOf = (stage, fn) => data.texts[versions[stage].get(fn)] || [];
const hidesGone = (stage) => stages[stage].kind === "ir" && stage > 0;

// Functions first: declarations are one long line each.
function namesOf(stage) {
  const names = stages[stage].functions.map(([name]) => name).filter((name) => !state.fn || name === state.fn);
  const declares = (name) => rowsOf(stage, name).length === 1;
  return [...names.filter((name) => !declares(name)), ...names.filter(declares)];
}

const changedIn = (stage, name) => !versions[stage - 1].has(name) || `${stage}:${name}` in data.diffs;

function goneIn(stage) {
  if (!hidesGone(stage)) return [];
  return [...versions[stage - 1].keys()].filter(
    (name) => !versions[stage].has(name) && (!state.fn || name === state.fn));
}

function changesIn(stage) {
  if (!hidesGone(stage)) return 0;
  let count = goneIn(stage).length;
  for (const name of namesOf(stage)) {
    if (changedIn(stage, name)) count += 1;
  }
  return count;
}

const indexes = new Map();

// Where each operation of a stage stands: its number to its function, row, text and place in the source.
function indexOf(stage) {
  if (!indexes.has(stage)) {
    const index = new Map();
    for (const [fn, version] of stages[stage].functions) {
      data.texts[version].forEach(([text, op, line, column], row) => {
        if (op && !index.has(op)) index.set(op, { op, fn, row, text: text.trim(), line, column });
      });
    }
    indexes.set(stage, index);
  }
  return indexes.get(stage);
}

const samePlace = (a, b) => a.line && a.line === b.line && a.column === b.column;

// What an operation is in every stage: itself as long as it is there; after that, what appeared at its place in the
// source when it went; before it appeared, what vanished from there.
function traces(op) {
  const found = new Array(stages.length).fill(null);
  const home = stages.findIndex((stage, number) => stage.kind === "ir" && indexOf(number).has(op));
  if (home < 0) return found;
  let known = [indexOf(home).get(op)];
  found[home] = known;
  for (let step of [1, -1]) {
    known = found[home];
    for (let stage = home + step; stages[stage] && stages[stage].kind === "ir"; stage += step) {
      const here = indexOf(stage), beside = indexOf(stage - step);
      const next = new Map();
      const lost = [];
      for (const entry of known) {
        if (here.has(entry.op)) next.set(entry.op, here.get(entry.op));
        else lost.push(entry);
      }
      if (lost.length) {
        for (const entry of here.values()) {
          if (!beside.has(entry.op) && lost.some((old) => samePlace(old, entry))) next.set(entry.op, entry);
        }
      }
      known = [...next.values()];
      found[stage] = known;
    }
  }
  return found;
}

// ---- drawing -----------------------------------------------------------------------------------------------------

const TOKENS = {
  ir: /("(?:[^"\\]|\\.)*")(?=\()|("(?:[^"\\]|\\.)*")|(%[\w.$-]+(?:#\d+)?|\^[\w.$-]+)|(!\w[\w.]*|\b(?:i\d+|f\d+|index)\b)|(@[\w$.]+|\b-?\d[\w.]*\b)/g,
  llvm: /(\b(?:define|call|invoke|br|ret|load|store|phi|getelementptr|icmp|fcmp|select|switch|musttail|tail|add|sub|mul|sdiv|srem|zext|trunc|extractvalue|insertvalue|landingpad|resume|unreachable)\b)|("(?:[^"\\]|\\.)*")|(%[\w.$-]+|^[\w.$-]+:)|(\b(?:i\d+|double|ptr|void)\b)|(@[\w$.]+|\b-?\d[\w.]*\b)/g,
  asm: /(^\s+[a-z][\w.]*)|("(?:[^"\\]|\\.)*")|(%\w+|\.L\w+)|([()])|(\$?-?\b\d\w*|\b0x[0-9a-f]+)/g,
  osp: /(\b(?:fn|let|mut|type|match|if|then|else|import|extern|export|spawn|await|yield|select|true|false|and|or|not)\b)|("(?:[^"\\]|\\.)*"?|\/\/.*)|(\b[a-z_]\w*(?=\())|(\b[A-Z]\w*|\b(?:int|float|bool|string|any)\b)|(\b\d[\w.]*\b)/g,
};
const CLASSES = ["n", "s", "v", "t", "d"];

function painted(text, kind) {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(TOKENS[kind])) {
    const which = match.slice(1, 6).findIndex((group) => group !== undefined);
    if (which < 0) continue;
    if (match.index > at) out.append(text.slice(at, match.index));
    const span = document.createElement("span");
    span.className = CLASSES[which];
    span.textContent = match[0];
    out.append(span);
    at = match.index + match[0].length;
  }
  out.append(text.slice(at));
  return out;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function row(number, text, kind, op, line, column) {
  const made = element("span", "row");
  made.append(element("span", "gutter", number), painted(text, kind));
  if (op) made.dataset.op = op;
  if (line) {
    made.dataset.line = line;
    made.dataset.column = column;
    made.title = `${data.title}:${line}:${column}`;
  }
  return made;
}

function drawSource() {
  const pre = element("pre");
  data.source.forEach((text, number) => {
    const made = row(String(number + 1), text, data.title.endsWith(".mlir") ? "ir" : "osp", 0, number + 1, 1);
    made.removeAttribute("title");
    pre.append(made);
  });
  byId("source").append(pre);
}

function drawTabs() {
  const tabs = byId("tabs");
  let kind = "ir";
  stages.forEach((stage, number) => {
    if (stage.kind !== kind) tabs.append(element("span", "group", "│"));
    kind = stage.kind;
    const tab = element("button", "", stage.name);
    tab.type = "button";
    tab.id = `tab${number}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "stage");
    tab.title = stage.summary;
    tab.addEventListener("click", () => show({ stage: number }));
    tabs.append(tab);
  });
}

function drawFunctions() {
  const chooser = byId("functions");
  const names = new Set(stages.flatMap((stage) => stage.functions.map(([name]) => name)));
  chooser.append(new Option("all", ""));
  for (const name of names) chooser.append(new Option(name, name));
  chooser.addEventListener("change", () => show({ fn: chooser.value }));
}

// The rows of a function: what there is, with what is new marked, and in a diff with what is gone.
function functionRows(stage, fn) {
  const kind = stages[stage].kind, rows = rowsOf(stage, fn), made = [];
  const added = hidesGone(stage) && !versions[stage - 1].has(fn);
  const ranges = data.diffs[`${stage}:${fn}`] || [];
  let range = 0;
  for (let j = 0; j <= rows.length; j += 1) {
    if (range < ranges.length && ranges[range][2] === j) {
      const [i1, i2, , j2] = ranges[range];
      if (state.diff) {
        for (const old of rowsOf(stage - 1, fn).slice(i1, i2)) made.push(["removed", "", ...old]);
      }
      for (; j < j2; j += 1) made.push(["added", String(j + 1), ...rows[j]]);
      range += 1;
    }
    if (j < rows.length) made.push([added ? "added" : "", String(j + 1), ...rows[j]]);
  }
  return made.map(([look, number, text, op, line, column]) => {
    const span = row(number, text, kind, op, line, column);
    if (look) span.classList.add(look);
    return span;
  });
}

const CONTEXT = 3;

// In a diff, long stretches without a change are folded to a line that unfolds them.
function folded(rows) {
  const near = rows.map((_, i) => rows.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(
    (r) => r.classList.contains("added") || r.classList.contains("removed")));
  const out = [];
  for (let i = 0; i < rows.length; i += 1) {
    let end = i;
    while (end < rows.length && !near[end]) end += 1;
    if (end - i < 4) { out.push(rows[i]); continue; }
    const hidden = rows.slice(i, end);
    const fold = element("span", "row fold", `… ${hidden.length} unchanged lines`);
    fold.addEventListener("click", () => { fold.replaceWith(...hidden); mark(); });
    out.push(fold);
    i = end - 1;
  }
  return out;
}

function drawStage() {
  const panel = byId("stage"), stage = stages[state.stage];
  const made = [summary()];
  const compares = state.diff && hidesGone(state.stage);
  for (const name of namesOf(state.stage)) {
    if (compares && !changedIn(state.stage, name)) continue;
    const rows = functionRows(state.stage, name);
    made.push(block(name, compares ? folded(rows) : rows));
  }
  if (state.diff) {
    for (const name of goneIn(state.stage)) {
      made.push(block(name, rowsOf(state.stage - 1, name).map((old) => {
        const span = row("", old[0], stage.kind, old[1], old[2], old[3]);
        span.classList.add("removed");
        return span;
      })));
    }
  }
  if (made.length === 1) {
    made.push(element("p", "empty", compares ? "This pass changed nothing here." : "This function is not there."));
  }
  panel.replaceChildren(...made);
}

function block(name, rows) {
  const pre = element("pre", rows.length === 1 ? "function declaration" : "function");
  pre.dataset.function = name;
  if (rows.length > 1) pre.append(element("span", "name", name));
  pre.append(...rows);
  return pre;
}

function summary() {
  const stage = stages[state.stage], line = element("div", "summary");
  line.append(element("b", "", stage.name), ` – ${stage.summary}`);
  if (hidesGone(state.stage)) {
    const changed = changesIn(state.stage), gone = goneIn(state.stage).length;
    line.append(changed ? ` · ${changed} of ${namesOf(state.stage).length + gone} functions changed`
      : " · nothing changed");
    if (gone) line.append(`, ${gone} of them gone`);
  }
  if (stage.seconds !== null) line.append(` · ${(stage.seconds * 1000).toFixed(2)} ms`);
  return line;
}

// ---- what is selected --------------------------------------------------------------------------------------------

let trace = [];

function mark() {
  const here = new Set((trace[state.stage] || []).map((entry) => entry.op));
  const chosen = state.op ? place() : { line: state.line, column: 0 };
  for (const span of document.querySelectorAll("#stage .row")) {
    const op = Number(span.dataset.op || 0), line = Number(span.dataset.line || 0);
    const exact = state.op ? here.has(op) : false;
    const alike = chosen.line && line === chosen.line
      && (!state.op || (stages[state.stage].kind !== "ir" && Number(span.dataset.column) === chosen.column));
    span.classList.toggle("selected", exact);
    span.classList.toggle("related", Boolean(alike) && !exact);
  }
  for (const span of document.querySelectorAll("#source .row")) {
    span.classList.toggle("selected", Number(span.dataset.line) === chosen.line);
  }
  caret(chosen);
}

function place() {
  const entry = trace.find((entries) => entries && entries.some((e) => e.op === state.op));
  return entry ? entry.find((e) => e.op === state.op) : { line: 0, column: 0 };
}

// Underlines what stands at the operation's column.
function caret({ line, column }) {
  for (const old of document.querySelectorAll("#source .caret")) {
    const parent = old.closest(".row");
    const number = Number(parent.dataset.line);
    parent.replaceChildren(element("span", "gutter", String(number)), painted(data.source[number - 1], "osp"));
  }
  const span = line && document.querySelector(`#source .row[data-line="${line}"]`);
  if (!span || !column) return;
  const text = data.source[line - 1] || "", start = column - 1;
  const length = (/^\w+|^\W/.exec(text.slice(start)) || [""])[0].length;
  const made = element("span", "caret", text.slice(start, start + length));
  span.replaceChildren(element("span", "gutter", String(line)), painted(text.slice(0, start), "osp"), made,
    painted(text.slice(start + length), "osp"));
}

function drawHistory() {
  const panel = byId("history");
  panel.hidden = !state.op && !state.line;
  if (panel.hidden) return panel.replaceChildren();
  const table = element("table");
  if (state.op) {
    const { line, column } = place();
    panel.replaceChildren(
      element("h2", "", "What became of it" + (line ? `, from ${data.title}:${line}:${column}` : "")), table);
    trace.forEach((entries, stage) => historyRows(table, stage, entries, line, column));
  } else {
    panel.replaceChildren(element("h2", "", `What ${data.title}:${state.line} became`), table);
    stages.forEach((stage, number) => historyRows(table, number, null, state.line, 0));
  }
  const here = table.querySelector(".here");
  if (here) panel.scrollTop = here.offsetTop - panel.clientHeight / 2;
  return undefined;
}

const LIMIT = 8;

function historyRows(table, stage, entries, line, column) {
  const ir = stages[stage].kind === "ir";
  let found = entries || [];
  if (!entries && line) {
    found = ir && state.op ? [] : atPlace(stage, line, column);
  }
  if (!found.length && !ir) return;
  const before = stage && trace[stage - 1], line0 = element("tr", stage === state.stage ? "here" : "");
  line0.append(element("td", "", stages[stage].name));
  const cell = element("td");
  const same = before && found.length === before.length && found.every((e, i) => e.text === before[i].text);
  if (!found.length) cell.append(element("span", "verdict", state.op ? verdict(stage) : "nothing"));
  else if (same && stage !== state.stage) cell.append(link(stage, found[0], "unchanged"));
  else {
    found.slice(0, LIMIT).forEach((entry) => { cell.append(link(stage, entry), element("br")); });
    if (found.length > LIMIT) cell.append(element("span", "verdict", `and ${found.length - LIMIT} more`));
  }
  line0.append(cell);
  table.append(line0);
}

function verdict(stage) {
  const lives = trace.map((entries) => Boolean(entries && entries.length));
  return stage < lives.indexOf(true) ? "not there yet" : "gone";
}

// The rows of a stage that came from a place; column 0 means any.
function atPlace(stage, line, column) {
  const found = [];
  for (const [fn, version] of stages[stage].functions) {
    if (state.fn && fn !== state.fn) continue;
    data.texts[version].forEach(([text, op, l, c], number) => {
      if (l === line && (!column || c === column) && !/^\s*}/.test(text)) {
        found.push({ op, fn, row: number, text: text.trim(), line: l, column: c });
      }
    });
  }
  return found;
}

function link(stage, entry, text) {
  const made = element("a");
  if (text) made.textContent = text;
  else {
    const pre = element("pre");
    pre.append(painted(entry.text, stages[stage].kind));
    made.append(pre);
  }
  made.addEventListener("click", () => {
    show({ stage, fn: state.fn && state.fn !== entry.fn ? "" : state.fn });
    reveal(rowAt(entry));
  });
  return made;
}

function rowAt(entry) {
  const section = document.querySelector(`#stage [data-function="${CSS.escape(entry.fn)}"]`);
  if (!section) return null;
  if (entry.op) return section.querySelector(`[data-op="${entry.op}"]`);
  return section.querySelectorAll(".row:not(.removed)")[entry.row];
}

function reveal(span) {
  if (span) span.scrollIntoView({ block: "center" });
}

// ---- going about -------------------------------------------------------------------------------------------------

function show(change) {
  const moved = "stage" in change || "fn" in change || "diff" in change;
  const chose = "op" in change || "line" in change;
  Object.assign(state, change);
  if (chose) trace = state.op ? traces(state.op) : [];
  if (moved) {
    drawStage();
    byId("functions").value = state.fn;
    byId("diff").setAttribute("aria-pressed", String(state.diff));
    stages.forEach((stage, number) => {
      const tab = byId(`tab${number}`), chosen = number === state.stage;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      tab.classList.toggle("changed", changesIn(number) > 0 || stage.kind !== "ir");
      if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    search(false);
  }
  mark();
  drawHistory();
  if ("stage" in change && (state.op || state.line)) {
    reveal(document.querySelector("#stage .selected, #stage .related"));
  }
  const parts = [`pass=${state.stage}`];
  if (state.fn) parts.push(`fn=${encodeURIComponent(state.fn)}`);
  if (state.op) parts.push(`op=${state.op}`);
  if (state.line) parts.push(`line=${state.line}`);
  if (state.diff) parts.push("diff=1");
  try { history.replaceState(null, "", `#${parts.join("&")}`); } catch { /* not where this page is shown */ }
}

function fromHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const number = (name, limit) => Math.min(Math.max(0, Number(parts.get(name)) || 0), limit);
  return { stage: number("pass", stages.length - 1), fn: parts.get("fn") || "", op: number("op", Infinity),
    line: number("line", data.source.length), diff: parts.get("diff") === "1" };
}

function jump(step, selector) {
  const panel = byId("stage"), middle = panel.getBoundingClientRect().top + panel.clientHeight / 2;
  const rows = [...panel.querySelectorAll(selector)].filter((r) => !r.previousElementSibling
    || !r.previousElementSibling.matches(selector));
  if (!rows.length) return;
  const tops = rows.map((r) => r.getBoundingClientRect().top);
  let target = step > 0 ? tops.findIndex((top) => top > middle + 2) : tops.findLastIndex((top) => top < middle - 20);
  if (target < 0) target = step > 0 ? 0 : rows.length - 1;
  reveal(rows[target]);
}

function nextOperation(step) {
  const rows = [...document.querySelectorAll("#stage .row[data-op]")];
  const now = rows.findIndex((r) => r.classList.contains("selected"));
  const target = rows[now < 0 ? 0 : Math.min(Math.max(0, now + step), rows.length - 1)];
  if (target) { choose(target); target.scrollIntoView({ block: "nearest" }); }
}

function choose(span) {
  const op = Number(span.dataset.op || 0);
  if (op) show({ op, line: 0 });
  else if (span.dataset.line) show({ op: 0, line: Number(span.dataset.line) });
  const line = state.op ? place().line : state.line;
  const source = line && document.querySelector(`#source .row[data-line="${line}"]`);
  if (source) source.scrollIntoView({ block: "nearest" });
}

let hits = [], hit = -1;

function search(moves) {
  const text = byId("search").value.toLowerCase();
  hits = [];
  hit = -1;
  if (text) {
    for (const span of document.querySelectorAll("#stage .row")) {
      if (span.textContent.toLowerCase().includes(text)) hits.push(span);
    }
  }
  if (CSS.highlights) CSS.highlights.delete("hits");
  if (text && CSS.highlights) CSS.highlights.set("hits", new Highlight(...hits.flatMap((s) => rangesIn(s, text))));
  byId("matches").textContent = text ? String(hits.length) : "";
  if (moves && hits.length) nextHit(1);
}

function rangesIn(span, text) {
  const ranges = [], walker = document.createTreeWalker(span, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  const whole = nodes.map((node) => node.data).join("").toLowerCase();
  const at = (offset) => {
    for (const node of nodes) {
      if (offset <= node.data.length) return [node, offset];
      offset -= node.data.length;
    }
    return [span, 0];
  };
  for (let start = whole.indexOf(text); start >= 0; start = whole.indexOf(text, start + text.length)) {
    const range = new Range();
    range.setStart(...at(start));
    range.setEnd(...at(start + text.length));
    ranges.push(range);
  }
  return ranges;
}

function nextHit(step) {
  if (!hits.length) return;
  hit = (hit + step + hits.length) % hits.length;
  byId("matches").textContent = `${hit + 1}/${hits.length}`;
  reveal(hits[hit]);
}

function theme(next) {
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* not kept */ }
}

const ACTIONS = {
  ArrowLeft: () => show({ stage: Math.max(0, state.stage - 1) }),
  ArrowRight: () => show({ stage: Math.min(stages.length - 1, state.stage + 1) }),
  n: () => jump(1, ".added, .removed"),
  p: () => jump(-1, ".added, .removed"),
  d: () => show({ diff: !state.diff }),
  j: () => nextOperation(1),
  k: () => nextOperation(-1),
  t: () => byId("theme").click(),
  f: () => byId("functions").focus(),
  "/": () => byId("search").focus(),
  "?": () => byId("keys").showModal(),
  Escape: () => show({ op: 0, line: 0 }),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === byId("search")) {
    if (event.key === "Enter") nextHit(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") { byId("search").value = ""; search(false); byId("stage").focus(); }
    return;
  }
  if (event.target.tagName === "SELECT" || byId("keys").open) return;
  const action = ACTIONS[event.key];
  if (action) { event.preventDefault(); action(); }
});

for (const id of ["source", "stage"]) {
  byId(id).addEventListener("click", (event) => {
    const span = event.target.closest(".row:not(.fold)");
    if (span && !String(getSelection())) choose(span);
  });
}
byId("diff").addEventListener("click", () => show({ diff: !state.diff }));
byId("help").addEventListener("click", () => byId("keys").showModal());
byId("theme").addEventListener("click", () =>
  theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
byId("search").addEventListener("input", () => search(true));
byId("divider").addEventListener("pointerdown", (event) => {
  const divider = byId("divider");
  divider.setPointerCapture(event.pointerId);
  const move = (e) => { byId("source").style.width = `${Math.max(80, e.clientX)}px`; };
  divider.addEventListener("pointermove", move);
  divider.addEventListener("pointerup", () => divider.removeEventListener("pointermove", move), { once: true });
});
window.addEventListener("hashchange", () => show(fromHash()));

let kept = null;
try { kept = localStorage.getItem("theme"); } catch { /* none kept */ }
theme(kept || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
drawSource();
drawTabs();
drawFunctions();
const start = fromHash();
// A large program begins with one function: all at once would be slow to look at as well.
const lines = stages[0].functions.reduce((sum, [, version]) => sum + data.texts[version].length, 0);
if (!start.fn && lines > 4000) start.fn = stages[0].functions[0][0];
show(start);
