// Plays any number of clips at the same time and lets one of them be heard.
// All sources start on the same sample; choosing a clip only moves gains, so the ear jumps from one
// version of a sound to the other without a gap and at the same place.

const FADE_S = 0.005;

const decode = async (clip) => {
  const data = Uint8Array.from(atob(clip.wav), (character) => character.charCodeAt(0)).buffer;
  // At the clip's own rate the browser does not resample.
  return new OfflineAudioContext(1, 1, clip.sample_rate).decodeAudioData(data);
};

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

class Deck {
  // The sound: buffers that run together, one gain each.
  constructor(buffers, gains) {
    this.buffers = buffers;
    this.levels = gains;
    this.duration = Math.max(0, ...buffers.map((buffer) => buffer.duration));
    this.selected = 0;
    this.offset = 0;
    this.voices = [];
    this.onend = () => {};
  }

  get playing() {
    return this.voices.length > 0;
  }

  get position() {
    if (!this.playing) return this.offset;
    const elapsed = Math.max(0, this.context.currentTime - this.startedAt);
    return Math.min(this.offset + elapsed, this.duration);
  }

  async play() {
    this.context ??= new AudioContext({ sampleRate: this.buffers[0].sampleRate });
    await this.context.resume();
    if (this.playing) return;
    if (this.offset >= this.duration) this.offset = 0;
    this.startedAt = this.context.currentTime + 0.02;
    this.voices = this.buffers.map((buffer, index) => {
      const source = new AudioBufferSourceNode(this.context, { buffer });
      const gain = new GainNode(this.context, { gain: index === this.selected ? this.levels[index] : 0 });
      source.connect(gain).connect(this.context.destination);
      source.start(this.startedAt, this.offset);
      return { source, gain };
    });
    const running = this.voices;
    const longest = this.buffers.findIndex((buffer) => buffer.duration === this.duration);
    running[longest].source.onended = () => {
      if (this.voices !== running) return;
      this.voices = [];
      this.offset = 0;
      this.onend();
    };
  }

  stop() {
    this.offset = this.position;
    const end = this.playing ? this.context.currentTime + FADE_S : 0;
    for (const { source, gain } of this.voices) {
      this.fade(gain, 0);
      source.stop(end);
    }
    this.voices = [];
  }

  select(index) {
    this.selected = index;
    this.voices.forEach(({ gain }, at) => this.fade(gain, at === index ? this.levels[at] : 0));
  }

  async seek(position) {
    const wasPlaying = this.playing;
    this.stop();
    this.offset = position;
    if (wasPlaying) await this.play();
  }

  fade({ gain }, target) {
    const now = this.context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(target, now + FADE_S);
  }

  close() {
    this.stop();
    this.context?.close();
  }
}

const peak = (buffer) => buffer.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

// Every clip as it is played, gain included, all on one scale: what looks larger is louder.
const drawWave = (canvas, buffer, { duration, colour, scale }) => {
  const ratio = globalThis.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (!width || !height) return;
  canvas.width = width;
  canvas.height = height;
  const ink = canvas.getContext("2d");
  ink.fillStyle = colour;
  const samples = buffer.getChannelData(0);
  const perPixel = (duration * buffer.sampleRate) / width;
  for (let x = 0; x < width; x++) {
    let low = 0;
    let high = 0;
    for (let n = Math.floor(x * perPixel); n < Math.min((x + 1) * perPixel, samples.length); n++) {
      low = Math.min(low, samples[n]);
      high = Math.max(high, samples[n]);
    }
    const top = ((1 - high * scale) / 2) * height;
    const bottom = ((1 - low * scale) / 2) * height;
    ink.fillRect(x, top, 1, Math.max(bottom - top, ratio));
  }
};

const render = async ({ model, el }) => {
  const clips = model.get("clips");
  const root = element("div", { class: "ab-player", role: "group", tabindex: "0", "aria-label": model.get("label") });
  el.append(root);
  const buffers = await Promise.all(clips.map(decode));
  const gains = clips.map((clip) => 10 ** (clip.gain_db / 20));
  const deck = new Deck(buffers, gains);
  const loudest = Math.max(1e-9, ...buffers.map((buffer, index) => peak(buffer) * gains[index]));

  const play = element("button", { type: "button", class: "ab-play", "aria-pressed": "false" });
  const choices = clips.map((clip, index) => {
    const dot = element("span", { class: "ab-dot", style: `background:${clip.colour}`, "aria-hidden": "true" });
    const key = element("kbd", { "aria-hidden": "true" }, String(index + 1));
    return element("button", { type: "button", class: "ab-clip", "aria-pressed": "false" }, dot, clip.label, key);
  });
  const canvas = element("canvas", { class: "ab-wave", "aria-hidden": "true" });
  const seek = element("input", {
    type: "range", class: "ab-seek", min: 0, max: deck.duration, step: 0.01, value: 0, "aria-label": "Position in seconds",
  });
  const head = element("span", { class: "ab-head", "aria-hidden": "true" });
  const time = element("span", { class: "ab-time" });
  const note = element("span", { class: "ab-note", "aria-live": "polite" });
  root.append(
    element("div", { class: "ab-row" }, play, element("div", { class: "ab-clips" }, ...choices)),
    element("div", { class: "ab-stage" }, canvas, head, seek),
    element("div", { class: "ab-row ab-foot" }, time, note),
  );

  let frame = 0;
  const showPosition = () => {
    const position = deck.position;
    head.style.left = `${deck.duration ? (100 * position) / deck.duration : 0}%`;
    time.textContent = `${position.toFixed(2)} / ${deck.duration.toFixed(2)} s`;
    seek.value = position;
  };
  const tick = () => {
    showPosition();
    if (deck.playing) frame = requestAnimationFrame(tick);
  };
  const showPlaying = () => {
    play.textContent = deck.playing ? "■" : "▶";
    play.setAttribute("aria-pressed", String(deck.playing));
    play.setAttribute("aria-label", deck.playing ? "Stop" : "Play");
    play.title = `${deck.playing ? "stop" : "play"} (space)`;
    cancelAnimationFrame(frame);
    tick();
  };
  const showSelected = () => {
    choices.forEach((choice, index) => choice.setAttribute("aria-pressed", String(index === deck.selected)));
    const clip = clips[deck.selected];
    note.textContent = clip.note;
    drawWave(canvas, buffers[deck.selected], {
      duration: deck.duration,
      colour: clip.colour,
      scale: (0.95 * gains[deck.selected]) / loudest,
    });
  };

  const select = (index) => {
    if (index < 0 || index >= clips.length) return;
    deck.select(index);
    showSelected();
    if (model.get("selected") === index) return;
    model.set("selected", index);
    model.save_changes();
  };
  const stop = () => {
    deck.stop();
    showPlaying();
  };
  const toggle = async () => {
    if (deck.playing) return stop();
    document.dispatchEvent(new CustomEvent("ab-player-starts", { detail: root }));
    await deck.play();
    showPlaying();
  };
  const stopForAnother = ({ detail }) => {
    if (detail !== root && deck.playing) stop();
  };

  play.addEventListener("click", toggle);
  choices.forEach((choice, index) => choice.addEventListener("click", () => select(index)));
  seek.addEventListener("input", async () => {
    await deck.seek(Number(seek.value));
    showPosition();
  });
  deck.onend = showPlaying;
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = event.key >= "1" && event.key <= "9" ? Number(event.key) : 0;
    if (event.key === " ") toggle();
    else if (digit) select(digit - 1);
    else if (event.key === "ArrowUp") select(deck.selected - 1);
    else if (event.key === "ArrowDown") select(deck.selected + 1);
    else if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    // What the player understands must not reach the notebook around it; left and right move the slider.
    event.stopPropagation();
    if (!event.key.startsWith("ArrowL") && !event.key.startsWith("ArrowR")) event.preventDefault();
  });
  root.addEventListener("keyup", (event) => {
    if (event.key === " ") event.preventDefault(); // or the focused button would be pressed as well
  });
  document.addEventListener("ab-player-starts", stopForAnother);
  const followModel = () => select(model.get("selected"));
  model.on("change:selected", followModel);
  const resized = new ResizeObserver(showSelected);
  resized.observe(canvas);

  deck.select(model.get("selected"));
  showSelected();
  showPlaying();
  root.deck = deck;
  root.dataset.ready = "true";

  return () => {
    cancelAnimationFrame(frame);
    resized.disconnect();
    document.removeEventListener("ab-player-starts", stopForAnother);
    model.off("change:selected", followModel);
    deck.close();
  };
};

export default { render };
