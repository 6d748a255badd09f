// What is chosen, what it covers and costs, and how it goes.

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = (ratio) => `${ratio >= 0 ? "+" : "−"}${Math.abs(ratio).toFixed(1)} %`;

const render = ({ model, el }) => {
  const send = (kind, content = {}) => model.send?.({ kind, ...content });
  const root = element("section", { class: "explorer ex-bar", "aria-label": "Precision explorer" });
  el.append(root);

  const text = element("input", { type: "text", list: `sentences-${Math.random()}`, spellcheck: "false" });
  const sentences = element("datalist", { id: text.getAttribute("list") });
  const [voice, reference, base] = [0, 1, 2].map(() => element("select"));
  const undo = element("button", { type: "button", title: "Ctrl+Z in the table of sites" }, "Undo");
  const redo = element("button", { type: "button", title: "Ctrl+Shift+Z in the table of sites" }, "Redo");
  const exact = element("button", { type: "button", title: "the bits of the chip; takes several times as long" }, "Run exact");
  const cancel = element("button", { type: "button" }, "Cancel");
  const file = element("input", { type: "text", value: "my-plan.yaml", size: 18, spellcheck: "false" });
  const save = element("button", { type: "button" }, "Save plan");
  const alert = element("p", { class: "ex-alert", role: "alert" });
  const status = element("p", { class: "ex-status", role: "status" });
  const facts = element("div", { class: "ex-facts" });
  const yaml = element("pre", { class: "ex-yaml", tabindex: "0", "aria-label": "The plan as YAML" });

  const controls = element(
    "fieldset",
    { class: "ex-controls", disabled: !live(model) },
    element("legend", {}, "Precision explorer"),
    element("div", { class: "ex-row" }, labelled("sentence (your own, or one of the list)", text, true), sentences),
    element(
      "div",
      { class: "ex-row" },
      labelled("voice", voice),
      labelled("reference", reference),
      labelled("start from plan", base),
      element("div", { class: "ex-buttons" }, undo, redo, exact, cancel),
      element("div", { class: "ex-buttons" }, labelled("file", file), save),
    ),
  );
  root.append(controls, alert, status, facts, element("details", {}, element("summary", {}, "the plan as YAML"), yaml));

  const commit = (control, field) =>
    control.addEventListener("change", () => send("set", { fields: { [field]: control.value } }));
  commit(text, "text");
  commit(voice, "voice");
  commit(reference, "reference");
  commit(base, "base");
  for (const [button, kind] of [[undo, "undo"], [redo, "redo"], [exact, "exact"], [cancel, "cancel"]])
    button.addEventListener("click", () => send(kind));
  save.addEventListener("click", () => send("save", { path: file.value }));
  // Lab has keys of its own: what is typed here is for here.
  root.addEventListener("keydown", (event) => event.stopPropagation());

  const showChoices = () => {
    const choices = model.get("choices");
    if (document.activeElement !== text || text.value === text.dataset.shown) text.value = choices.text;
    text.dataset.shown = choices.text;
    sentences.replaceChildren(...choices.sentences.map((value) => element("option", { value })));
    options(voice, choices.voices, choices.voice);
    options(reference, choices.references, choices.reference);
    options(base, choices.bases, choices.base);
  };
  const showStatus = () => {
    const now = model.get("status");
    root.setAttribute("aria-busy", String(now.busy));
    root.dataset.key = now.key;
    undo.disabled = !now.can_undo;
    redo.disabled = !now.can_redo;
    cancel.disabled = !now.busy;
    exact.disabled = now.tier === "exact";
    if (alert.textContent !== now.message) alert.textContent = now.message;
    // A refused text stays in the field, to be mended; the state is that of before.
    text.setAttribute("aria-invalid", String(Boolean(now.message) && text.value !== text.dataset.shown));
    status.textContent = now.busy ? `computing ${now.words}` : now.note || `shown: ${now.words}`;
    // The player belongs to somebody else, who need not know what an explorer is.
    for (const player of root.closest(".jp-OutputArea")?.querySelectorAll(".ab-player") ?? []) {
      player.classList.toggle("ex-stale", now.sound_stale);
      player.setAttribute("aria-busy", String(now.sound_stale));
    }
  };
  const showFacts = () => {
    const { name, base, changed, shares, megabytes, cycles, problem, yaml: written } = model.get("facts");
    const head = ["", "sites", "multiply-adds", "weight bytes"].map((title) => element("th", { scope: "col" }, title));
    const rows = shares.map(({ label, now, base: before }) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, label),
        ...now.map((share, at) => {
          const moved = 100 * (share - before[at]);
          const note = Math.abs(moved) >= 0.05 ? element("small", {}, ` ${signed(moved).replace(" %", "")}`) : "";
          return element("td", { style: `--share:${percent(share).replace(" ", "")}` }, percent(share), note);
        }),
      ),
    );
    const caption = `${name}: ${changed ? `${changed} ${changed === 1 ? "site" : "sites"} changed from ${base}` : "as it is"}; shares of a pangram, small print: change from ${base} in points`;
    const compared = (now, before, bf16) =>
      `${(now / bf16).toFixed(2)} × bf16${before === now ? "" : `, ${signed(100 * (now / before - 1))} against ${base}`}`;
    const cost = problem
      ? element("p", { class: "ex-alert" }, `no modelled cost: ${problem}`)
      : element(
          "p",
          {},
          element("strong", {}, `${cycles[0].toLocaleString("en")} cycles`),
          ` modelled, matrix products of a pangram on one Wormhole chip: ${compared(...cycles)}`,
        );
    facts.replaceChildren(
      element("div", { class: "ex-scroll" },
        element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows))),
      element("div", { class: "ex-cost" },
        element("p", {}, element("strong", {}, `${megabytes[0].toFixed(2)} MB`), ` of weights: ${compared(...megabytes)}`), cost),
    );
    yaml.textContent = written;
  };

  const ends = [follow(model, ["choices"], showChoices), follow(model, ["status"], showStatus), follow(model, ["facts"], showFacts)];
  root.dataset.ready = "true";
  return () => ends.forEach((end) => end());
};

export default { render };
