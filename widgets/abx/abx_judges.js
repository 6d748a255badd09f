// Who knows what X is. A judge is asked to `join`, `train`, `start` or `answer`, and shows the state of the
// test together with the bytes of X, or null where there is nothing to answer.

const NO_ANSWER_MS = 5000;

// The kernel: the key never comes here.
class KernelJudge {
  constructor(model, show, problem) {
    this.model = model;
    this.receive = (message, buffers) => {
      if (message.type !== "state") return;
      clearTimeout(this.waiting);
      show(message, buffers?.length ? bytesIn(buffers[0]) : null);
    };
    this.silent = () => problem("No kernel answers: run the cell of this test again.");
    model.on("msg:custom", this.receive);
  }

  ask(message) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(this.silent, NO_ANSWER_MS);
    this.model.send(message);
  }

  leave() {
    clearTimeout(this.waiting);
    this.model.off("msg:custom", this.receive);
  }
}

const bytesIn = (buffer) =>
  ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);

const CHOICES = ["a", "b"];
const coin = () => CHOICES[crypto.getRandomValues(new Uint8Array(1))[0] & 1];

// A page on its own: it shuffles, and whoever looks for the key finds it.
class PageJudge {
  constructor(model, show) {
    this.model = model;
    this.show = show;
    const trials = model.get("trials");
    this.order = Array.from({ length: trials }, coin);
    this.goals = goalsOf(trials);
    this.training = [];
    this.answers = [];
    this.started = null;
    this.train();
  }

  train() {
    Object.assign(this, { stage: "training", trial: 0, x: coin() });
  }

  next() {
    const answered = this.answers.length;
    if (answered === this.order.length) return Object.assign(this, { stage: "done", x: null });
    return Object.assign(this, { stage: "trial", trial: answered + 1, x: this.order[answered] });
  }

  ask({ type, choice, seconds, plays }) {
    const now = new Date().toISOString();
    if (type === "train") this.train();
    if (type === "start") {
      this.started = now;
      this.next();
    }
    if (type === "answer") {
      const answer = { x: this.x, choice, correct: choice === this.x, seconds, plays, time: now };
      if (this.stage === "training") {
        this.training.push(answer);
        this.stage = "feedback";
      } else {
        this.answers.push(answer);
        this.next();
      }
    }
    const open = this.stage === "training" || this.stage === "trial";
    const wav = open && this.model.get("pair")[CHOICES.indexOf(this.x)].wav;
    this.show(this.state(), open ? bytesOf(wav) : null);
  }

  state() {
    const { stage, trial, answers, training } = this;
    const correct = answers.filter((answer) => answer.correct).length;
    const statistics = abxStatistics(this.order.length, answers.length, correct, this.goals);
    return {
      stage,
      trial,
      statistics,
      feedback: stage === "feedback" ? training.at(-1) : null,
      result: stage === "done" ? this.result(statistics) : null,
      problem: null,
    };
  }

  // The same fields as ABXTest.result.
  result(statistics) {
    const { model, training, answers } = this;
    const [a, b] = model.get("pair").map(({ wav, colour, ...clip }) => clip);
    return {
      kind: "ABX test",
      label: model.get("label"),
      software: model.get("software"),
      key: "in the page, shuffled there",
      a,
      b,
      conditions: model.get("conditions"),
      trials_fixed_beforehand: this.order.length,
      complete: true,
      seed_of_order: null,
      started: this.started,
      finished: answers.at(-1).time,
      training,
      trials: answers.map((answer, index) => ({ trial: index + 1, ...answer })),
      statistics,
    };
  }

  leave() {}
}
