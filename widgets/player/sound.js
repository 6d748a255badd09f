// Any number of clips that run together; one of them is heard.
// All sources start on the same sample; choosing a clip only moves gains, so the ear jumps from one
// version of a sound to the other without a gap and at the same place.

const FADE_S = 0.005;
const SHORTEST_LOOP_S = 0.05;

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

const bytesOf = (base64) => {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  return bytes;
};

// At the clip's own rate the browser does not resample.
const decode = (bytes, sampleRate) => new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(bytes.slice().buffer);

const decibels = (gain) => 20 * Math.log10(gain);
const amplitude = (db) => 10 ** (db / 20);
const signed = (db, digits = 0) => {
  const size = Math.abs(db).toFixed(digits);
  return `${Number(size) === 0 ? "" : db < 0 ? "−" : "+"}${size} dB`;
};

const peakOf = (buffer) => buffer.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

// Samples [from, to) of a buffer, silence where it has none; both ends of a loop fade, or its seam would click.
const cut = (buffer, from, to, fade = 0) => {
  const piece = new AudioBuffer({ length: to - from, sampleRate: buffer.sampleRate });
  const samples = piece.getChannelData(0);
  samples.set(buffer.getChannelData(0).subarray(from, Math.min(to, buffer.length)));
  for (let n = 0; n < fade; n++) {
    samples[n] *= n / fade;
    samples[samples.length - 1 - n] *= n / fade;
  }
  return piece;
};

class Deck {
  constructor() {
    this.buffers = [];
    this.levels = [];
    this.duration = 0;
    this.selected = 0;
    this.offset = 0;
    this.region = null; // [from, to] in seconds; null is everything
    this.looping = false; // over the region, or over everything, however long that will be
    this.playing = false;
    this.voices = [];
    this.onchange = () => {}; // playing, region or looping is another
  }

  // Other clips in the place of these: position, loop and playing stay.
  async load(buffers, levels, selected) {
    const wasPlaying = this.playing;
    this.stop();
    const rate = buffers[0].sampleRate;
    if (this.context && this.context.sampleRate !== rate) this.release();
    const length = Math.max(...buffers.map((buffer) => buffer.length));
    this.buffers = buffers.map((buffer) => (buffer.length === length ? buffer : cut(buffer, 0, length)));
    this.levels = levels;
    this.selected = selected;
    const whole = this.region?.[0] === 0 && this.region[1] === this.duration;
    this.duration = length / rate;
    this.offset = Math.min(this.offset, this.duration);
    if (whole) this.region = [0, this.duration];
    if (this.region) {
      this.region = this.inside(...this.region);
      if (!this.region) this.looping = false;
    }
    if (wasPlaying) await this.play();
  }

  get span() {
    return this.region ?? [0, this.duration];
  }

  // Where it is heard: what has left the context, but not yet the loudspeaker, does not count.
  get position() {
    if (!this.voices.length) return this.offset;
    const elapsed = Math.max(0, this.context.currentTime - (this.context.outputLatency || 0) - this.startedAt);
    const [from, to] = this.span;
    if (this.looping) return from + ((this.offset - from + elapsed) % (to - from));
    return Math.min(this.offset + elapsed, this.duration);
  }

  async play() {
    this.playing = true;
    this.context ??= new AudioContext({ sampleRate: this.buffers[0].sampleRate });
    await this.context.resume();
    if (!this.playing || this.voices.length) return;
    const [from, to] = this.looping ? this.span : [0, this.duration];
    if (this.offset < from || this.offset >= to) this.offset = from;
    const rate = this.context.sampleRate;
    const [first, last] = [Math.round(from * rate), Math.round(to * rate)];
    this.startedAt = this.context.currentTime + 0.02;
    this.voices = this.buffers.map((whole, index) => {
      const buffer = this.looping ? cut(whole, first, last, Math.round(FADE_S * rate)) : whole;
      const source = new AudioBufferSourceNode(this.context, { buffer, loop: this.looping });
      const gain = new GainNode(this.context, { gain: index === this.selected ? this.levels[index] : 0 });
      source.connect(gain).connect(this.context.destination);
      source.start(this.startedAt, this.offset - from);
      return { source, gain };
    });
    const running = this.voices;
    running[0].source.onended = () => {
      if (this.voices !== running) return;
      this.voices = [];
      this.playing = false;
      this.offset = 0;
      this.onchange();
    };
    this.onchange();
  }

  stop() {
    this.offset = this.position;
    this.playing = false;
    for (const { source, gain } of this.voices) {
      this.fade(gain, 0);
      source.stop(this.context.currentTime + FADE_S);
    }
    this.voices = [];
    this.onchange();
  }

  select(index) {
    this.selected = index;
    this.voices.forEach(({ gain }, at) => this.fade(gain, at === index ? this.levels[at] : 0));
  }

  setLevels(levels) {
    this.levels = levels;
    this.select(this.selected);
  }

  async seek(position) {
    await this.again(() => (this.offset = Math.min(Math.max(position, 0), this.duration)));
  }

  // A loop from one time to another in seconds, in any order; null loops nothing.
  async loop(region) {
    const inside = region && this.inside(...region);
    await this.again(() => {
      this.region = inside;
      this.looping = Boolean(inside);
    });
  }

  async setLooping(looping) {
    await this.again(() => {
      this.looping = looping;
      if (looping) this.region ??= [0, this.duration];
    });
  }

  // On whole samples and not too short; null where nothing of that kind is left.
  inside(one, other) {
    const rate = this.buffers[0].sampleRate;
    const [from, to] = [Math.min(one, other), Math.max(one, other)].map(
      (time) => Math.round(Math.min(Math.max(time, 0), this.duration) * rate) / rate,
    );
    return to - from >= Math.min(SHORTEST_LOOP_S, this.duration) ? [from, to] : null;
  }

  async again(change) {
    const wasPlaying = this.playing;
    this.stop();
    change();
    if (wasPlaying) await this.play();
    else this.onchange();
  }

  fade({ gain }, target) {
    const now = this.context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(target, now + FADE_S);
  }

  // Browsers allow a page few contexts: who does not sound keeps none.
  release() {
    this.stop();
    const context = this.context;
    this.context = undefined;
    if (context) setTimeout(() => context.close(), 10 * 1000 * FADE_S);
  }
}

// Only one widget of a page sounds. Returns what announces a start and what ends the agreement.
const takeTurns = (deck) => {
  const yieldTo = ({ detail }) => detail !== deck && deck.context && deck.release();
  document.addEventListener("ab-player-starts", yieldTo);
  return {
    announce: () => document.dispatchEvent(new CustomEvent("ab-player-starts", { detail: deck })),
    leave: () => document.removeEventListener("ab-player-starts", yieldTo),
  };
};
