const NAMES = ["a", "b", "x"];

const ABX_KEYS = [
  ["a b x", "hear A, B or X"],
  TIME_KEYS[0],
  ["← →", "X is A, X is B"],
  ["Enter", "give this answer"],
  ...TIME_KEYS.slice(1),
  ["?", "these keys"],
];

const percent = (share) => `${(100 * share).toFixed(0)} %`;
const chance = (p) => (p < 0.001 ? "< 0.001" : p.toFixed(3));

const VERDICTS = {
  unfinished: () => "",
  difference: ({ p_value }) => `A difference was heard: p = ${chance(p_value)}, below 0.05.`,
  "difference below the limit": ({ p_value, upper_bound }) =>
    `A difference was heard, p = ${chance(p_value)}, but not often: at most ${percent(upper_bound)} of the answers are right, with 95 % confidence.`,
  reversed: () =>
    "Fewer right than guessing explains: something was heard and named the wrong way round. That is no equivalence.",
  equivalent: ({ upper_bound }) =>
    `Equivalent for this listener and this sound: with 95 % confidence at most ${percent(upper_bound)} of the answers are right, the limit is 70 %.`,
  undecided: ({ p_value, upper_bound }) =>
    `Undecided: no difference was shown (p = ${chance(p_value)}) and none was ruled out (up to ${percent(upper_bound)} right; equivalence needs less than 70 %).`,
};

const goalWords = ({ planned, goals }) => {
  const { fewest_for_difference: fewest, fewest_for_equivalence: least, most_for_equivalence: most, guesser_equivalent: guesser } = goals;
  const heard =
    fewest === null
      ? `${planned} trials cannot show a difference: even all right has p ≥ 0.05.`
      : `${fewest} or more of ${planned} right: a difference was heard (p < 0.05).`;
  const equal =
    most === null
      ? "Equivalence cannot be reached with so few trials."
      : `${least === most ? most : `${least} to ${most}`} right: equivalent (95 % upper bound of the share right below 0.70); somebody who only guesses gets there ` +
        `in ${percent(guesser)} of all tests${guesser < 0.8 ? ", so this needs more trials to be likely" : ""}.`;
  return `${planned} trials, fixed beforehand. ${heard} ${equal}`;
};

const draw = ({ model, el }) => {
  const live = !isStored(model);
  const pair = model.get("pair");
  const root = element("div", { class: "abx-test", role: "group", tabindex: "0", "aria-label": model.get("label") });
  el.append(root);
  const deck = new Deck();
  let state = null;
  let choice = null;
  let plays = {};
  let shownAt = 0;

  const button = (kind, text, key) =>
    element("button", { type: "button", class: kind, "aria-keyshortcuts": key }, text);
  const progress = element("p", { class: "abx-progress", "aria-live": "polite" });
  const bar = element("progress", { class: "abx-bar", max: model.get("trials"), value: 0, "aria-label": "Trials answered" });
  const play = button("ab-play", "▶", "Space");
  const sounds = NAMES.map((name, index) => {
    const made = button("ab-clip", "", name);
    made.append(element("strong", {}, name.toUpperCase()), ` ${pair[index]?.label ?? "?"} `, element("kbd", { "aria-hidden": "true" }, name));
    made.addEventListener("click", () => hear(index));
    return made;
  });
  const answers = CHOICES.map((name) => {
    const made = button("abx-choice", `X is ${name.toUpperCase()}`, name === "a" ? "ArrowLeft" : "ArrowRight");
    made.addEventListener("click", () => choose(name));
    return made;
  });
  const confirm = button("abx-confirm", "Answer", "Enter");
  const again = button("abx-again", "Train once more", "");
  const start = button("abx-start", "Start the test", "");
  const choices = element("div", { class: "ab-row abx-answers" }, ...answers, confirm, again, start);
  const notes = pair.map(({ note }, index) => (note ? `${CHOICES[index].toUpperCase()}: ${note}` : "")).filter(Boolean);
  const verdict = element("p", { class: "abx-verdict", "aria-live": "polite" });
  const running = element("dl", { class: "abx-figures" });
  const soFar = element("details", { class: "abx-running" },
    element("summary", {}, "result so far"),
    element("p", { class: "abx-warning" }, "Only the result after the last trial counts. To stop as soon as p is low finds differences that are not there; and a glance after each trial tells which answer was right."),
    running);
  const file = element("a", { class: "abx-file", hidden: "", download: "abx-result.json" }, "Save the result (JSON)");
  const problem = element("p", { class: "ab-problem", role: "alert", hidden: "" });
  const renew = button("abx-renew", "New test with that", "");
  const other = element("div", { class: "ab-row abx-other", hidden: "" }, element("span"), renew);
  const help = element("details", { class: "ab-help" }, element("summary", {}, "keys"), keyHelp(ABX_KEYS));
  const honest = element("details", {}, element("summary", {}, "how blind is this?"),
    element("p", {}, live
      ? "The order is in the kernel, not in this page; X comes trial by trial. The sound itself is here, or you could not hear it: whoever reads the browser's memory can compare its samples."
      : "No kernel runs here, so this page has shuffled the order itself and holds the key: whoever looks for it finds it. A notebook with a kernel keeps it away."));

  const complain = (text) => {
    problem.textContent = text ?? "";
    problem.hidden = !text;
  };
  let gone = false; // the kernel, and with it what X is
  const open = () => !gone && state && (state.stage === "training" || state.stage === "trial");
  const answerable = () => open() && choice && plays.x && !confirm.dataset.sent;

  const showPlaying = () => {
    play.textContent = deck.playing ? "■" : "▶";
    play.setAttribute("aria-pressed", String(deck.playing));
    play.setAttribute("aria-label", deck.playing ? "Stop" : "Play");
  };
  const timeline = makeTimeline(deck, [element("div", { class: "abx-track" })], showPlaying);
  const showChoice = () => {
    sounds.forEach((made, index) => made.setAttribute("aria-pressed", String(index === deck.selected)));
    answers.forEach((made, index) => {
      made.setAttribute("aria-pressed", String(choice === CHOICES[index]));
      made.disabled = !open();
    });
    confirm.disabled = !answerable();
    confirm.title = open() && !plays.x ? "listen to X first" : "";
  };
  const figures = ({ answered, correct, p_value, interval_low, interval_high, upper_bound }) =>
    [
      ["right", `${correct} of ${answered}`],
      ["p (one-sided, exact)", answered ? chance(p_value) : "–"],
      ["share right, 95 % interval", `${percent(interval_low)} to ${percent(interval_high)}`],
      ["95 % upper bound", percent(upper_bound)],
    ].map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));

  const words = () => {
    const { stage, trial, statistics, feedback } = state;
    if (stage === "training") return "Training: this trial does not count, and you are told what X was.";
    if (stage === "feedback") {
      const right = feedback.correct ? "Right" : "Wrong";
      return `${right}: X was ${feedback.x.toUpperCase()}, ${pair[CHOICES.indexOf(feedback.x)].label}.`;
    }
    if (stage === "trial") return `Trial ${trial} of ${statistics.planned}`;
    return `Done: ${statistics.correct} of ${statistics.planned} right.`;
  };
  const showState = () => {
    const { stage, statistics, result } = state;
    const before = stage === "training" || stage === "feedback";
    progress.textContent = words();
    bar.value = statistics.answered;
    again.hidden = stage !== "feedback";
    start.hidden = !before;
    choices.hidden = stage === "done";
    sounds[2].disabled = stage === "feedback" || stage === "done";
    verdict.textContent = before ? goalWords(statistics) : VERDICTS[statistics.verdict](statistics);
    soFar.hidden = before;
    soFar.open ||= stage === "done";
    soFar.querySelector(".abx-warning").hidden = stage === "done";
    soFar.querySelector("summary").textContent = stage === "done" ? "result" : "result so far (provisional)";
    running.replaceChildren(...figures(statistics));
    if (result && file.hidden) {
      file.href = URL.createObjectURL(new Blob([`${JSON.stringify(result, null, 1)}\n`], { type: "application/json" }));
      file.hidden = false;
    }
    showChoice();
  };

  let latest = 0;
  const show = async (next, x) => {
    const number = ++latest;
    const sameTrial = state && state.stage === next.stage && state.trial === next.trial && x && deck.buffers.length === 3;
    try {
      if (!sameTrial) await exchange(x, number);
    } catch (error) {
      return complain(`This sound cannot be played: ${error.message}`);
    }
    if (number !== latest) return;
    delete confirm.dataset.sent;
    state = next;
    if (!sameTrial) {
      choice = null;
      plays = { a: 0, b: 0, x: 0 };
      shownAt = performance.now();
    }
    complain(next.problem);
    showState();
    root.dataset.ready = "true";
  };
  // A and B stay; X is the one of the trial. Each trial begins silent, at its start or that of the loop.
  let known = null;
  const exchange = async (x, number) => {
    known ??= await Promise.all(pair.map(({ wav, sample_rate }) => decode(bytesOf(wav), sample_rate)));
    const buffers = x ? [...known, await decode(x, pair[0].sample_rate)] : known;
    if (number !== latest) return;
    deck.stop();
    deck.offset = 0;
    await deck.load(buffers, buffers.map(() => 1), 0);
    timeline.showScale();
    timeline.show();
  };

  const turns = takeTurns(deck);
  const count = () => {
    const name = NAMES[deck.selected];
    plays[name] = (plays[name] ?? 0) + 1;
    showChoice();
  };
  const begin = async () => {
    turns.announce();
    await deck.play();
  };
  const toggle = async () => {
    if (deck.playing) return deck.stop();
    if (!deck.buffers.length) return;
    count();
    await begin();
  };
  const hear = async (index) => {
    if (index >= deck.buffers.length || (gone && index === 2)) return;
    if (deck.playing && deck.selected === index) return;
    deck.select(index);
    count();
    if (!deck.playing) await begin();
  };
  const choose = (name) => {
    if (!open()) return;
    choice = name;
    showChoice();
  };
  const answer = () => {
    if (!answerable()) return;
    confirm.dataset.sent = "true"; // nobody answers twice while the judge thinks
    showChoice();
    const seconds = Math.round(performance.now() - shownAt) / 1000;
    judge.ask({ type: "answer", trial: state.trial, choice, seconds, plays });
    root.focus({ preventScroll: true });
  };
  const ask = (type) => {
    judge.ask({ type });
    root.focus({ preventScroll: true });
  };

  // What a test has begun with it ends with; whatever came after it is named, and may be tested next.
  const showOther = () => {
    const words = live && !gone ? model.get("other") : "";
    other.hidden = !words;
    other.firstChild.textContent = words;
  };
  const lose = () => {
    gone = true;
    judge.leave();
    sounds[2].disabled = true;
    choices.hidden = true;
    complain(KERNEL_GONE);
    showOther();
    if (state) showChoice();
    if (deck.buffers.length > 2 && deck.selected === 2) hear(0);
  };

  root.append(
    progress,
    bar,
    other,
    element("div", { class: "ab-row" }, play, element("div", { class: "ab-clips" }, ...sounds)),
    element("div", { class: "ab-stage" }, timeline.plot, timeline.scale),
    element("div", { class: "ab-row ab-foot" }, timeline.time, timeline.loopSwitch, element("span", {}, notes.join(" · "))),
    choices,
    problem, verdict, soFar, file,
    element("div", { class: "ab-row ab-foot ab-more" }, help, honest),
  );
  play.addEventListener("click", toggle);
  confirm.addEventListener("click", answer);
  again.addEventListener("click", () => ask("train"));
  start.addEventListener("click", () => ask("start"));
  renew.addEventListener("click", () => ask("renew"));
  listenToKeys(root, (event) => {
    const key = event.key.toLowerCase();
    if (key === " ") toggle();
    else if (NAMES.includes(key)) hear(NAMES.indexOf(key));
    else if (key === "arrowleft") choose("a");
    else if (key === "arrowright") choose("b");
    else if (key === "enter" && event.target.matches(".abx-choice[aria-pressed=false]")) event.target.click();
    else if (key === "enter") answer();
    else if (key === "?") help.open = !help.open;
    else return timeline.onKey(event);
    return true;
  });
  const resized = new ResizeObserver(() => timeline.showScale());
  resized.observe(timeline.plot);

  root.deck = deck;
  const judge = live ? new KernelJudge(model, show, complain) : new PageJudge(model, show);
  judge.ask({ type: "join" });
  model.on("change:other", showOther);
  showOther();
  const unwatch = watchKernel(model, el, lose);

  return () => {
    latest++;
    unwatch();
    model.off("change:other", showOther);
    timeline.halt();
    resized.disconnect();
    turns.leave();
    judge.leave();
    deck.release();
    if (file.href) URL.revokeObjectURL(file.href);
  };
};

// Another pair is another test, drawn anew.
const render = ({ model, el }) => {
  let end = draw({ model, el });
  const again = () => {
    end();
    el.replaceChildren();
    end = draw({ model, el });
  };
  model.on("change:pair", again);
  return () => {
    model.off("change:pair", again);
    end();
  };
};

export default { render };
