// Everything that was tried to the end: to go back to, and to compare any two.

const draw = ({ model, el, live, send }) => {
  const root = element("section", { class: "explorer ex-history", "aria-label": "History of tried plans" });
  const rows = element("tbody");
  const head = element("tr");
  const table = element("table", {}, element("caption", {}, "What was tried, in order; measures with a cross are outside the limit of their run. Emulated."),
    element("thead", {}, head), rows);
  const compared = element("div", { class: "ex-contrast", role: "region", "aria-label": "Comparison of two tries" });
  root.append(element("div", { class: "ex-scroll" }, table), compared);
  el.append(root);
  root.addEventListener("keydown", (event) => event.stopPropagation());

  const pick = () => {
    const [a, b] = ["first", "second"].map((side) => root.querySelector(`input[data-side=${side}]:checked`)?.value);
    if (a && b) send("contrast", { first: Number(a), second: Number(b) });
  };
  const group = Math.random().toString(36).slice(2);
  const radio = (side, number, checked) => {
    const made = element("input", {
      type: "radio", name: `${side}-${group}`, value: number, "data-side": side, "aria-label": `${side} to compare: ${number}`,
    });
    made.checked = checked;
    made.addEventListener("change", pick);
    return element("td", { class: "ex-pick" }, made);
  };
  const measure = ({ value, holds, bound }) => {
    const limit = bound ? [element("small", {}, ` (${bound})`)] : [];
    return element("td", { class: `ex-number${holds === false ? " ex-broken" : ""}` }, value, ...limit);
  };

  const showTrials = () => {
    const { trials, columns, current } = model.get("trials");
    const contrast = model.get("contrast");
    const chosen = (side) => root.querySelector(`input[data-side=${side}]:checked`)?.value ?? String(contrast[side] ?? "");
    const picked = { first: chosen("first"), second: chosen("second") };
    const focus = document.activeElement?.getAttribute?.("aria-label");
    head.replaceChildren(
      ...[...(live ? ["go back", "A", "B"] : ["number"]), "plan", "sites changed", "reference, tier, run, sentence", ...columns].map((title) => element("th", { scope: "col" }, title)),
    );
    rows.replaceChildren(
      ...trials.map((trial) => {
        const back = element("button", { type: "button", "aria-label": `go back to ${trial.number}` }, `↩ ${trial.number}`);
        back.addEventListener("click", () => send("back", { number: trial.number }));
        const sides = ["first", "second"].map((side) => radio(side, trial.number, picked[side] === String(trial.number)));
        const steps = live ? [element("td", {}, back), ...sides] : [element("td", { class: "ex-number" }, String(trial.number))];
        return element(
          "tr",
          { "aria-current": trial.key === current && "true" },
          ...steps,
          element("th", { scope: "row" }, element("b", { style: `background:${trial.colour}` }), trial.plan),
          element("td", { class: "ex-number" }, String(trial.changed)),
          element("td", { class: "ex-words" }, trial.words),
          ...trial.cells.map(measure),
        );
      }),
    );
    if (focus) root.querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
  };
  const showContrast = () => {
    const { heads, rows: lines, differences } = model.get("contrast");
    if (!heads) return compared.replaceChildren();
    const measures = lines.map(({ label, unit, cells }) =>
      element("tr", {}, element("th", { scope: "row" }, `${label} (${unit})`), ...cells.map(measure)),
    );
    const sites = differences.map(([site, field, a, b]) =>
      element("tr", {}, element("th", { scope: "row" }, element("code", {}, site)), element("td", {}, field), element("td", {}, a), element("td", {}, b)),
    );
    const titles = (...names) => element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
    compared.replaceChildren(
      element("div", { class: "ex-scroll" }, element("table", {}, element("caption", {}, "Measures of A and B"), titles("measure", ...heads), element("tbody", {}, ...measures))),
      element("div", { class: "ex-scroll" },
        element("table", {}, element("caption", {}, `What differs between the plans: ${differences.length} settings`), titles("site", "field", "A", "B"), element("tbody", {}, ...sites))),
    );
  };
  const ends = [follow(model, ["trials"], showTrials), follow(model, ["contrast"], showContrast)];
  root.dataset.ready = "true";
  return () => ends.forEach((end) => end());
};

export default part(draw);
