const GAIN_STEP_DB = 6;
const MOST_GAIN_DB = 60;

const PLAYER_KEYS = [
  TIME_KEYS[0],
  ["1 to 9", "a clip; ↑ ↓ the one before, the next"],
  ["← →", "0.1 s back, on"],
  ...TIME_KEYS.slice(1),
  ["M", "match levels: on, off"],
  ["− and +", "gain of the difference"],
  ["?", "these keys"],
];

// Where a file may be saved under the name of a clip.
const fileName = (label) => `${label.trim().replace(/[^\p{L}\p{N}.+-]+/gu, "_") || "clip"}.wav`;

// The most gain, in steps, with which a clip stays inside full scale.
const mostGain = (peak) =>
  Math.min(MOST_GAIN_DB, Math.floor((decibels(1 / Math.max(peak, 1e-9)) + 1e-3) / GAIN_STEP_DB) * GAIN_STEP_DB);

// Changes in dB that make clips as loud as the first one, all lowered alike where one would clip.
// A difference, and what has no loudness, keeps its level.
const matching = (clips) => {
  const target = clips[0].loudness;
  const changes = clips.map(({ state, loudness }) =>
    state.adjustable || loudness === null || target === null ? null : target - loudness,
  );
  const over = clips.map(({ state, peak }, index) =>
    changes[index] === null ? 0 : decibels(Math.max(peak, 1e-9)) + state.gain_db + changes[index],
  );
  const lowered = Math.max(0, ...over);
  return { changes: changes.map((change) => (change === null ? null : change - lowered)), lowered };
};

// A sound that is there already, as the reference is when only a plan has changed, is not decoded again.
const load = async (state, known) => {
  const sound = known.find((clip) => clip.state.wav === state.wav)?.sound ?? (await decoded(state));
  return {
    state,
    sound,
    buffer: sound.buffer,
    peak: sound.peak,
    loudness: state.loudness_lufs == null ? null : state.loudness_lufs + state.gain_db,
    gain_db: state.gain_db,
    file: URL.createObjectURL(sound.blob),
  };
};

const decoded = async (state) => {
  const bytes = bytesOf(state.wav);
  const buffer = await decode(bytes, state.sample_rate);
  return { buffer, peak: peakOf(buffer), blob: new Blob([bytes], { type: "audio/wav" }), spectrogram: null };
};

const unload = (clips) => clips.forEach(({ file }) => URL.revokeObjectURL(file));

const render = async ({ model, el }) => {
  const root = element("div", { class: "ab-player", role: "group", tabindex: "0", "aria-label": model.get("label") });
  el.append(root);
  root.classList.toggle("ab-pinned", Boolean(model.get("pinned")));
  const deck = new Deck();
  deck.looping = Boolean(model.get("looping"));
  // Sound needs no kernel: without one it only has nobody to tell.
  let silent = false;
  const unwatch = watchKernel(model, el, () => (silent = true));
  let clips = [];
  let match = null; // of levels, while it is asked for

  const play = element("button", { type: "button", class: "ab-play", "aria-keyshortcuts": "Space" });
  const choices = element("div", { class: "ab-clips" });
  const wave = element("canvas", { class: "ab-wave", role: "img" });
  const spectrum = element("canvas", { class: "ab-spectrum", role: "img" });
  const axes = element("div", { class: "ab-axes" });
  const matched = element("input", { type: "checkbox", class: "ab-match", "aria-keyshortcuts": "M" });
  const gain = element("input", { type: "range", class: "ab-gain", step: GAIN_STEP_DB, "aria-label": "Gain in dB" });
  const gainValue = element("output", {});
  const gainControl = element("label", { class: "ab-switch" }, "gain", gain, gainValue);
  const note = element("span", { class: "ab-note", "aria-live": "polite" });
  const help = element("details", { class: "ab-help" }, element("summary", {}, "keys"), keyHelp(PLAYER_KEYS));
  const files = element("div", { class: "ab-links" });
  const problem = element("p", { class: "ab-problem", role: "alert", hidden: "" });

  const heard = () => clips[deck.selected];
  const changeOf = (index) => match?.changes[index] ?? 0;
  const levels = () => clips.map(({ gain_db }, index) => amplitude(gain_db + changeOf(index)));

  const showPlaying = () => {
    play.textContent = deck.playing ? "■" : "▶";
    play.setAttribute("aria-pressed", String(deck.playing));
    play.setAttribute("aria-label", deck.playing ? "Stop" : "Play");
  };
  const timeline = makeTimeline(deck, [wave, spectrum], showPlaying);

  const showPictures = () => {
    if (!clips.length || !wave.clientWidth) return;
    const { state, sound, buffer, peak } = heard();
    const gains = levels();
    const full = Math.max(1e-6, ...clips.map((clip, index) => clip.peak * gains[index])) / 0.95;
    const total = deck.duration * buffer.sampleRate;
    const level = gains[deck.selected];
    drawWave(wave, buffer.getChannelData(0), { colour: state.colour, gain: level, full, total });
    wave.setAttribute("aria-label", `Waveform of ${state.label}, largest sample ${(peak * level).toFixed(3)} of full scale`);
    sound.spectrogram ??= spectrogram(buffer.getChannelData(0));
    drawSpectrogram(spectrum, sound.spectrogram, { gain: level, total });
    spectrum.setAttribute("aria-label", `Spectrogram of ${state.label}, 0 to ${buffer.sampleRate / 2000} kHz`);
    axes.replaceChildren(amplitudes(full), kilohertz(buffer.sampleRate / 2000));
    timeline.showScale();
  };
  const showNote = () => {
    const { state, gain_db, peak } = heard();
    const words = [state.note];
    if (state.adjustable || gain_db) words.push(`played ${signed(gain_db)}`);
    if (state.adjustable && peak && gain_db === mostGain(peak)) {
      words.push(gain_db < MOST_GAIN_DB ? "more would clip" : "no more gain than that");
    }
    if (match && changeOf(deck.selected)) words.push(`level-matched: ${signed(changeOf(deck.selected), 1)}`);
    else if (match) words.push("level as it is");
    note.textContent = words.filter(Boolean).join("; ");
  };
  const showSelected = () => {
    [...choices.children].forEach((choice, index) => {
      choice.setAttribute("aria-pressed", String(index === deck.selected));
      const change = match?.changes[index];
      choice.querySelector(".ab-change").textContent = change == null ? "" : signed(change, 1);
      // A mark of the chart stands for a clip; the one that is heard is named here as well.
      choice.hidden = chart.has(index) && index !== deck.selected;
    });
    chart.select(deck.selected);
    const { state, gain_db, peak } = heard();
    gainControl.hidden = !state.adjustable;
    gain.max = mostGain(peak);
    gain.min = Math.min(0, mostGain(peak));
    gain.value = gain_db;
    gainValue.textContent = signed(gain_db);
    gain.setAttribute("aria-valuetext", signed(gain_db));
    showNote();
    showPictures();
  };

  const tell = (index) => {
    if (model.get("selected") === index) return;
    model.set("selected", index);
    if (!silent) model.save_changes();
  };
  const select = (index) => {
    if (index < 0 || index >= clips.length) return;
    deck.select(index);
    showSelected();
    tell(index);
  };
  const chart = makeChart(model, (index) => {
    select(index);
    if (!deck.playing) toggle();
  });
  const setMatch = (on) => {
    match = on ? matching(clips) : null;
    matched.checked = on;
    deck.setLevels(levels());
    showSelected();
    if (!on) return;
    const words = `levels matched to ${clips[0].state.label} (BS.1770 loudness)`;
    const lowered = match.lowered > 0.05 ? `, all ${signed(-match.lowered, 1)} so that nothing clips` : "";
    note.textContent = `${words}${lowered}; ${note.textContent}`;
  };
  const setGain = (db) => {
    const clip = heard();
    if (!clip.state.adjustable) return;
    const most = mostGain(clip.peak);
    clip.gain_db = Math.min(most, Math.max(Math.min(0, most), db));
    deck.setLevels(levels());
    showSelected();
  };

  const turns = takeTurns(deck);
  const toggle = async () => {
    if (deck.playing) return deck.stop();
    if (!clips.length) return;
    turns.announce();
    await deck.play();
  };

  const choiceOf = ({ state }, index) => {
    const dot = element("span", { class: "ab-dot", style: `background:${state.colour}`, "aria-hidden": "true" });
    const key = index < 9 ? [element("kbd", { "aria-hidden": "true" }, String(index + 1))] : [];
    const change = element("small", { class: "ab-change" });
    const choice = element("button", { type: "button", class: "ab-clip" }, dot, state.label, " ", change, ...key);
    choice.addEventListener("click", () => select(index));
    return choice;
  };
  const linkOf = ({ state, file }) => element("a", { href: file, download: fileName(state.label) }, fileName(state.label));

  // Clips may be replaced while they play: the one of the same name goes on at the same place.
  let latest = 0;
  let shown = null; // the list that `clips` came from
  let chosenSince = true; // the selection in the model was made for the list in the model
  const show = async () => {
    const number = ++latest;
    const wanted = clips.length ? heard().state.label : null;
    chosenSince = wanted === null;
    const states = model.get("clips");
    let next;
    try {
      next = await Promise.all(states.map((state) => load(state, clips)));
    } catch (error) {
      if (number !== latest) return;
      problem.textContent = `These clips cannot be played: ${error.message}`;
      problem.hidden = false;
      return;
    }
    if (number !== latest) return unload(next);
    const sameName = next.findIndex(({ state }) => state.label === wanted);
    const index = chosenSince ? model.get("selected") : Math.max(sameName, 0);
    unload(clips);
    clips = next;
    shown = states;
    match = match && matching(clips);
    problem.hidden = true;
    choices.replaceChildren(...clips.map(choiceOf));
    files.replaceChildren(...clips.map(linkOf));
    await deck.load(clips.map(({ buffer }) => buffer), levels(), Math.min(index, clips.length - 1));
    showSelected();
    timeline.show();
    tell(deck.selected);
  };
  const follow = () => {
    chosenSince = true;
    if (shown === model.get("clips")) select(model.get("selected"));
  };
  const rename = () => root.setAttribute("aria-label", model.get("label"));

  const figures = makeFigures(model);
  root.append(
    chart.root,
    element("div", { class: "ab-row" }, play, choices),
    figures.strip,
    element("div", { class: "ab-stage" }, axes, timeline.plot, timeline.scale),
    element("div", { class: "ab-row ab-foot" }, timeline.time, timeline.loopSwitch,
      element("label", { class: "ab-switch" }, matched, "match levels"), gainControl, levelKey()),
    element("div", { class: "ab-row ab-foot" }, note),
    problem,
    element("div", { class: "ab-row ab-foot ab-more" }, help,
      element("details", { class: "ab-files" }, element("summary", {}, "WAV files"), files)),
  );

  play.addEventListener("click", toggle);
  matched.addEventListener("change", () => setMatch(matched.checked));
  gain.addEventListener("input", () => setGain(Number(gain.value)));
  listenToKeys(root, (event) => {
    const key = event.key.toLowerCase();
    if (!clips.length) return false;
    if (key === " ") toggle();
    else if (key >= "1" && key <= "9") select(Number(key) - 1);
    else if (key === "arrowup") select(deck.selected - 1);
    else if (key === "arrowdown") select(deck.selected + 1);
    else if (key === "arrowleft") timeline.move(-STEP_S);
    else if (key === "arrowright") timeline.move(STEP_S);
    else if (key === "m") setMatch(!match);
    else if (key === "-" || key === "−") setGain(heard().gain_db - GAIN_STEP_DB);
    else if (key === "+" || key === "=") setGain(heard().gain_db + GAIN_STEP_DB);
    else if (key === "?") help.open = !help.open;
    else return timeline.onKey(event);
    return true;
  });
  const resized = new ResizeObserver(showPictures);
  resized.observe(wave);
  model.on("change:selected", follow);
  model.on("change:clips", show);
  model.on("change:label", rename);
  model.on("change:figures", figures.show);
  figures.show();

  root.deck = deck;
  await show();
  root.dataset.ready = "true";

  return () => {
    latest++;
    timeline.halt();
    resized.disconnect();
    turns.leave();
    model.off("change:selected", follow);
    model.off("change:clips", show);
    model.off("change:label", rename);
    model.off("change:figures", figures.show);
    unwatch();
    deck.release();
    unload(clips);
  };
};

export default { render };
