// Every site of a voice and how it runs: search, change one, change all that are shown or selected.

const NAMES = {
  weights: "weights",
  weights_rounding: "rounding",
  activations: "activations",
  output: "output",
  math_fidelity: "fidelity",
  fp32_dest_acc_en: "Dst",
  packer_l1_acc: "L1 sums",
  math_approx_mode: "approx.",
  in0_block_w: "in0 block",
};
const TITLES = {
  fp32_dest_acc_en: "fp32_dest_acc_en: width of the destination register",
  packer_l1_acc: "packer_l1_acc: partial sums grow in memory",
  math_approx_mode: "math_approx_mode: approximate functions of the vector engine",
  in0_block_w: "in0_block_w: tiles of the inner dimension in one block; auto is what ttnn takes",
};
const SWITCH = { true: "on", false: "off" };
const WORDS = {
  fp32_dest_acc_en: { true: "32 bit", false: "16 bit" },
  packer_l1_acc: SWITCH,
  math_approx_mode: SWITCH,
  in0_block_w: { null: "auto" },
};
const wordOf = (field, value) => WORDS[field]?.[String(value)] ?? String(value);
const valueOf = (field, text) =>
  text === "null" ? null : field === "in0_block_w" ? Number(text) : ({ true: true, false: false })[text] ?? text;

// With * or ? a glob over the whole name, as in a plan; otherwise any part of the name or the operation.
const matcher = (query) => {
  const wanted = query.trim();
  if (!/[*?]/.test(wanted)) return ({ name, op }) => `${name} ${op}`.toLowerCase().includes(wanted.toLowerCase());
  const pattern = wanted.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const whole = new RegExp(`^${pattern}$`);
  return ({ name }) => whole.test(name);
};

const draw = ({ model, el, live, send }) => {
  const root = element("section", { class: "explorer ex-sites", "aria-label": "Sites of the model" });
  el.append(root);

  const search = element("input", { type: "search", placeholder: "decoder.blocks.*.up or gelu", spellcheck: "false" });
  const changedOnly = element("input", { type: "checkbox" });
  const button = (text, title, act) => {
    const made = element("button", { type: "button", title }, text);
    made.addEventListener("click", act);
    return made;
  };
  const count = element("span", { class: "ex-count", role: "status" });
  const marking = [
    button("Select shown", "mark every row that is shown", () => select(shown(), true)),
    button("Clear selection", "mark none", () => select([...rows.values()], false)),
    button("Reset", "the marked rows (or all that are shown) as the base plan has them", () => send("reset", { sites: targets() })),
  ];
  const tools = element(
    "div",
    { class: "ex-row" },
    labelled("search: a part of a name, or a glob", search, true),
    element("label", { class: "ex-check" }, changedOnly, "changed only"),
    ...(live ? [element("div", { class: "ex-buttons" }, ...marking)] : []),
  );
  const headings = element("tr");
  const bulk = element("tr", { class: "ex-bulk" });
  const body = element("tbody");
  const keys = "Up and down move from row to row, space marks one, tab goes through its settings; Ctrl+Z undoes. ";
  const table = element(
    "table",
    {},
    element("caption", {}, `${live ? keys : ""}Bold: changed from the base plan.`),
    element("thead", {}, headings, ...(live ? [bulk] : [])),
    body,
  );
  const values = element("p", { class: "ex-values", role: "status" });
  root.append(tools, count, values, element("div", { class: "ex-scroll ex-tall", tabindex: "-1" }, table));

  const rows = new Map(); // name -> { name, op, line, box, settings, figures, flushed, broken, tag }
  const shown = () => [...rows.values()].filter((row) => !row.line.hidden);
  const marked = () => shown().filter((row) => row.box.checked);
  const targets = () => (marked().length ? marked() : shown()).map((row) => row.name);

  const tellSelected = () => {
    const names = [...rows.values()].filter((row) => row.box.checked).map((row) => row.name);
    send("select", { sites: names });
  };
  const showCount = () => {
    const [all, mine] = [shown().length, marked().length];
    const setting = live ? `, ${mine} marked: a setting in the second row goes to ${mine || all}` : "";
    const deaf = model.get("unheard").length;
    const heard = deaf ? ` ${deaf} sites cannot be heard: the candidate has the reference's durations and F0.` : "";
    count.textContent = `${all} of ${rows.size} sites shown${setting}.${heard}`;
  };
  const select = (some, on) => {
    for (const row of some) row.box.checked = on;
    tellSelected();
    showCount();
  };

  // One row at a time is a stop of the tab key, with all its controls.
  let current = null;
  const makeCurrent = (row) => {
    for (const [one, stop] of [[current, "-1"], [row, "0"]])
      if (one) for (const control of [one.line, one.box, ...Object.values(one.settings)]) control.tabIndex = Number(stop);
    current = row;
  };
  // A player that is pinned above must not cover what has the focus.
  const uncover = (line) => {
    const player = root.closest(".jp-OutputArea, .output")?.querySelector(".ab-pinned");
    if (!player) return;
    const [over, under] = [player.getBoundingClientRect(), line.getBoundingClientRect()];
    if (over.bottom <= under.top || over.top >= under.bottom) return;
    let place = root.parentElement;
    while (place && !(/auto|scroll/.test(getComputedStyle(place).overflowY) && place.scrollHeight > place.clientHeight)) place = place.parentElement;
    (place ?? document.scrollingElement).scrollTop -= over.bottom - under.top + 4;
  };
  const filter = () => {
    const matches = matcher(search.value);
    for (const row of rows.values()) row.line.hidden = !matches(row) || (changedOnly.checked && row.line.dataset.changed !== "true");
    if (!current || current.line.hidden) makeCurrent(shown()[0] ?? null);
    showCount();
  };

  // What runs how comes first, fidelity and Dst before all; the first two settings, then what they do.
  const arranged = (settings, [alone, accumulated, flushed, broken]) => [
    ...settings.slice(0, 2), alone, accumulated, ...settings.slice(2), flushed, broken,
  ];
  const setAll = (field, sites) => {
    const values = [...new Set(sites.flatMap((site) => (site.choices[field] ?? []).map(String)))];
    const control = element("select", { "aria-label": `${NAMES[field]} of all marked or shown sites` });
    options(control, [["", "set all…"], ...values.map((value) => [value, wordOf(field, value)])], "");
    control.addEventListener("change", () => {
      if (control.value) send("edit", { sites: targets(), fields: { [field]: valueOf(field, control.value) } });
      control.value = "";
    });
    return element("td", {}, control);
  };
  const setting = (field, name, choices) => {
    if (!live) return element("span");
    const control = element("select", { "aria-label": `${NAMES[field]} of ${name}`, tabindex: "-1" });
    options(control, choices.map((value) => [String(value), wordOf(field, value)]), "");
    control.addEventListener("change", () => send("edit", { sites: [name], fields: { [field]: valueOf(field, control.value) } }));
    return control;
  };
  const build = () => {
    const { fields, rows: sites } = model.get("sites");
    rows.clear();
    current = null;
    const heading = (title, words) => element("th", { scope: "col", title: words }, title);
    const figures = ["alone: dB", "accum.: dB", "flushed: act. %", "NaN, ∞, sat."].map((title) => heading(title));
    const settings = fields.map((field) => heading(NAMES[field], TITLES[field]));
    headings.replaceChildren(heading(live ? "mark" : ""), heading("site"), ...arranged(settings, figures), heading("op"));
    const nothing = () => element("td");
    bulk.replaceChildren(
      nothing(),
      element("th", { scope: "row" }, "marked, or all shown"),
      ...arranged(fields.map((field) => setAll(field, sites)), [nothing(), nothing(), nothing(), nothing()]),
      nothing(),
    );
    body.replaceChildren(
      ...sites.map(({ name, op, choices }) => {
        const box = element("input", { type: "checkbox", "aria-label": `mark ${name}`, tabindex: "-1" });
        const row = { name, op, box, settings: {} };
        const cells = fields.map((field) => {
          if (!choices[field]) return element("td", { class: "ex-none", title: "makes no difference here" }, "·");
          row.settings[field] = setting(field, name, choices[field]);
          return element("td", {}, row.settings[field]);
        });
        row.figures = [element("td", { class: "ex-number" }), element("td", { class: "ex-number" })];
        row.flushed = element("td", { class: "ex-number" });
        row.broken = element("td", {});
        row.tag = element("small", { class: "ex-tag", hidden: true }, "not heard");
        const head = element("th", { scope: "row" }, element("code", {}, name), row.tag);
        row.line = element(
          "tr",
          { tabindex: "-1", "data-site": name },
          element("td", {}, ...(live ? [box] : [])),
          head,
          ...arranged(cells, [...row.figures, row.flushed, row.broken]),
          element("td", {}, op),
        );
        row.line.addEventListener("focusin", () => {
          makeCurrent(row);
          uncover(row.line);
        });
        box.addEventListener("change", () => select([], true));
        rows.set(name, row);
        return row.line;
      }),
    );
    for (const name of model.get("selected")) if (rows.has(name)) rows.get(name).box.checked = true;
    filter();
  };
  const showValues = () => {
    const { now, base } = model.get("values");
    for (const [name, row] of rows) {
      let changed = false;
      for (const [field, control] of Object.entries(row.settings)) {
        const differs = now[name]?.[field] !== base[name]?.[field];
        put(control, {
          [live ? "value" : "textContent"]: live ? String(now[name]?.[field]) : wordOf(field, now[name]?.[field]),
          title: differs ? `base plan: ${wordOf(field, base[name][field])}` : "",
        });
        control.classList.toggle("ex-changed", differs);
        changed ||= differs;
      }
      row.line.dataset.changed = String(changed);
    }
    if (changedOnly.checked) filter();
    root.dataset.answered = model.get("answered");
  };
  const showUnheard = () => {
    const unheard = new Set(model.get("unheard"));
    for (const row of rows.values()) {
      row.tag.hidden = !unheard.has(row.name);
      row.tag.title = "decides durations or F0 and nothing else; teacher-forced, the candidate has those of the reference";
      row.line.classList.toggle("ex-unheard", unheard.has(row.name));
    }
    showCount();
  };
  const showErrors = () => {
    const errors = model.get("errors");
    const stale = markStale(table, errors, model.get("current"), live);
    markStale(values, errors, model.get("current"), live);
    values.textContent = errors.values ?? "";
    values.classList.toggle("ex-broken", Object.keys(errors.broken ?? {}).length > 0);
    for (const [name, row] of rows) {
      put(row.flushed, { textContent: errors.flushed?.[name]?.toFixed(1) ?? "–" });
      put(row.broken, { textContent: errors.broken?.[name] ?? "" });
      row.broken.classList.toggle("ex-broken", name in (errors.broken ?? {}));
      row.figures.forEach((cell, at) => {
        const db = errors.db?.[name]?.[at];
        put(cell, {
          textContent: typeof db === "number" ? db.toFixed(1).replace("-", "−") : (db ?? "–"),
          title: stale ? `out of date: ${errors.words}` : (errors.words ?? ""),
        });
        const bar = typeof db === "number" ? `${Math.min(Math.max(db, 0), 60) / 0.6}%` : "0%";
        if (cell.style.getPropertyValue("--bar") !== bar) cell.style.setProperty("--bar", bar);
      });
    }
  };
  const showFocus = () => {
    const row = rows.get(model.get("focus").site);
    if (!row) return;
    search.value = "";
    changedOnly.checked = false;
    filter();
    row.line.scrollIntoView({ block: "center" });
    row.line.focus();
  };

  search.addEventListener("input", filter);
  changedOnly.addEventListener("change", filter);
  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // Lab has keys of its own
    const typing = event.target === search;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing) {
      event.preventDefault();
      return send(event.shiftKey ? "redo" : "undo");
    }
    const inRow = current && (event.target === current.line || event.target === current.box);
    if (!inRow || event.ctrlKey || event.metaKey || event.altKey) return;
    const visible = shown();
    const at = visible.indexOf(current);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: visible.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      visible[Math.min(Math.max(to, 0), visible.length - 1)].line.focus();
    } else if (live && event.key === " " && event.target === current.line) {
      event.preventDefault();
      select([current], !current.box.checked);
    }
  });

  const ends = [
    follow(model, ["sites"], build),
    follow(model, ["sites", "values", "answered"], showValues),
    follow(model, ["sites", "unheard"], showUnheard),
    follow(model, ["sites", "errors", "current"], showErrors),
    follow(model, ["focus"], showFocus),
  ];
  root.dataset.ready = "true";
  return () => ends.forEach((end) => end());
};

export default part(draw);
