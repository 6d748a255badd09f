// What is chosen, what it covers and costs, and how it goes.

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = (ratio) => `${ratio >= 0 ? "+" : "−"}${Math.abs(ratio).toFixed(1)} %`;

const draw = ({ model, el, live, send, words }) => {
  const root = element("section", { class: "explorer ex-bar", "aria-label": "Precision explorer" });
  el.append(root);

  const text = element("input", { type: "text", list: `sentences-${Math.random()}`, spellcheck: "false" });
  const sentences = element("datalist", { id: text.getAttribute("list") });
  const [voice, reference, base, run] = [0, 1, 2, 3].map(() => element("select"));
  const button = (words, title) => element("button", { type: "button", title }, words);
  const undo = button("Undo", "Ctrl+Z in the table of sites");
  const redo = button("Redo", "Ctrl+Shift+Z in the table of sites");
  const exact = button("Run exact", "the bits of the chip; takes several times as long");
  const cancel = button("Cancel");
  const file = element("input", { type: "text", value: "my-plan.yaml", size: 18, spellcheck: "false" });
  const save = button("Save plan");
  const question = element("div", { class: "ex-question", role: "alertdialog", "aria-label": "Before the plan is saved" });
  const alert = element("p", { class: "ex-alert", role: "alert" }, words);
  const status = element("p", { class: "ex-status", role: "status" });
  const unheard = element("p", { class: "ex-warning" });
  const chosen = element("dl", { class: "ex-chosen" });
  const facts = element("div", { class: "ex-facts" });
  const yaml = element("pre", { class: "ex-yaml", tabindex: "0", "aria-label": "The plan as YAML" });

  const title = "Precision explorer";
  const controls = element(
    "fieldset",
    { class: "ex-controls" },
    element("legend", {}, title),
    element("div", { class: "ex-row" }, labelled("sentence (your own, or one of the list)", text, true), sentences),
    element(
      "div",
      { class: "ex-row" },
      labelled("voice", voice),
      labelled("reference", reference),
      labelled("start from plan", base),
      labelled("durations and F0", run),
      element("div", { class: "ex-buttons" }, undo, redo, exact, cancel),
      element("div", { class: "ex-buttons" }, labelled("file", file), save),
    ),
    question,
  );
  root.append(
    ...(live ? [controls, alert, status] : [element("p", { class: "ex-title" }, title), alert, chosen]),
    unheard,
    facts,
    element("details", {}, element("summary", {}, "the plan as YAML"), yaml),
  );

  const commit = (control, field) =>
    control.addEventListener("change", () => send("set", { fields: { [field]: control.value } }));
  commit(text, "text");
  commit(voice, "voice");
  commit(reference, "reference");
  commit(base, "base");
  commit(run, "run");
  for (const [control, kind] of [[undo, "undo"], [redo, "redo"], [exact, "exact"], [cancel, "cancel"]])
    control.addEventListener("click", () => send(kind));
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
    options(run, choices.runs, choices.run);
    const named = (values, value) => values.find(([name]) => name === value)?.[1] ?? value;
    const rows = [
      ["sentence", choices.text],
      ["voice", named(choices.voices, choices.voice)],
      ["reference", named(choices.references, choices.reference)],
      ["started from plan", choices.base],
      ["durations and F0", named(choices.runs, choices.run)],
    ];
    chosen.replaceChildren(...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  };
  // The player belongs to somebody else, who need not know what an explorer is.
  const markPlayers = (stale, computing) => {
    for (const player of root.closest(".jp-OutputArea")?.querySelectorAll(".ab-player") ?? []) {
      player.classList.toggle("ex-stale", stale);
      player.classList.toggle("ex-computing", stale && computing);
      player.setAttribute("aria-busy", String(stale && computing));
    }
  };
  const showQuestion = (asked) => {
    const had = question.contains(document.activeElement);
    question.hidden = !asked;
    if (!asked) {
      question.replaceChildren();
      if (had) save.focus();
      return;
    }
    const [yes, no] = [button(asked.yes), button("No, leave it")];
    yes.addEventListener("click", () => send("save", { path: asked.path, agreed: asked.words }));
    no.addEventListener("click", () => send("dismiss"));
    question.replaceChildren(element("p", {}, asked.words), element("div", { class: "ex-buttons" }, yes, no));
    no.focus();
  };
  let asked = null;
  const showStatus = () => {
    const now = model.get("status");
    root.dataset.key = now.key;
    unheard.textContent = now.unheard;
    markPlayers(now.sound_stale, live);
    root.setAttribute("aria-busy", String(live && now.busy));
    if (!live) return;
    undo.disabled = !now.can_undo;
    redo.disabled = !now.can_redo;
    cancel.disabled = !now.busy;
    exact.disabled = now.tier === "exact";
    if (alert.textContent !== now.message) alert.textContent = now.message;
    // A refused text stays in the field, to be mended; the state is that of before.
    text.setAttribute("aria-invalid", String(Boolean(now.message) && text.value !== text.dataset.shown));
    status.textContent = now.busy ? `computing ${now.words}` : now.note || `shown: ${now.words}`;
    if (now.question?.words !== asked?.words || !now.question !== !asked) showQuestion((asked = now.question));
  };
  question.hidden = true;
  const showFacts = () => {
    const { name, base, changed, shares, megabytes, yaml: written } = model.get("facts");
    const cost = model.get("cost");
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
    facts.replaceChildren(
      element("div", { class: "ex-scroll" },
        element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows))),
      element("div", { class: "ex-cost" },
        element("p", {}, element("strong", {}, `${megabytes[0].toFixed(2)} MB`), ` of weights: ${compared(...megabytes)}`),
        ...modelled(cost, base)),
    );
    yaml.textContent = written;
  };
  // Latency and streams. They come later than all else: ttnn plans the programs of each plan.
  const modelled = (cost, base) => {
    if (!cost.board) return [];
    const { now, problem, where } = cost;
    if (problem) return [element("p", { class: "ex-warning" }, `No modelled latency: ${problem}`)];
    if (!now) {
      const words = live ? `Latency and streams: ttnn plans the programs, ${where} …` : "Latency and streams were not known yet.";
      return [element("p", { class: "ex-awaited" }, words)];
    }
    const beside = (name, digits) =>
      [["bf16", cost.bf16], [base, cost.base]]
        .filter(([plan, other]) => other && (plan === "bf16" || other[name] !== now[name]))
        .map(([plan, other]) => `${plan} ${other[name].toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`)
        .join(", ");
    const more = (words) => (words ? ` (${words})` : "");
    return [
      element("p", {}, element("strong", {}, `${now.latency_ms.toFixed(2)} ms`), ` modelled latency of this sentence${more(beside("latency_ms", 2))}`),
      element("p", {}, element("strong", {}, `${now.streams.toLocaleString("en")} streams`),
        ` at once, modelled${more(beside("streams", 0))}, each answered within ${cost.bound_ms} ms`),
      element("p", { class: "ex-where" }, `${where}. Not run on silicon.`),
    ];
  };

  const ends = [
    follow(model, ["choices"], showChoices),
    follow(model, ["status"], showStatus),
    follow(model, ["facts", "cost"], showFacts),
  ];
  root.dataset.ready = "true";
  return () => ends.forEach((end) => end());
};

export default part(draw);
