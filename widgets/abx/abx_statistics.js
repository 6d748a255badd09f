// The statistics of abx_statistics.py, for pages without a kernel.

const SIGNIFICANCE = 0.05;
const EQUIVALENCE_LIMIT = 0.7;
const CONFIDENCE = 0.95;

// Probabilities of 0 to n right answers where each is right with probability p, 0 < p < 1.
const binomial = (n, p) => {
  const ratio = Math.log(p / (1 - p));
  let log = n * Math.log(1 - p);
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k) log += Math.log((n - k + 1) / k) + ratio;
    return Math.exp(log);
  });
};
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const atMost = (k, n, p) => sum(binomial(n, p).slice(0, k + 1));
const atLeast = (k, n, p) => sum(binomial(n, p).slice(k));

// Where a function that rises from below 0 to above crosses it.
const crossing = (rising) => {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};
const lowerBound = (k, n, error) => (k === 0 ? 0 : crossing((p) => atLeast(k, n, p) - error));
const upperBound = (k, n, error) => (k === n ? 1 : crossing((p) => error - atMost(k, n, p)));

const verdictOf = (planned, answered, correct) => {
  if (answered < planned) return "unfinished";
  const small = upperBound(correct, answered, 1 - CONFIDENCE) < EQUIVALENCE_LIMIT;
  if (atLeast(correct, answered, 0.5) < SIGNIFICANCE) return small ? "difference below the limit" : "difference";
  if (atMost(correct, answered, 0.5) < SIGNIFICANCE) return "reversed";
  return small ? "equivalent" : "undecided";
};

const goalsOf = (planned) => {
  const counts = Array.from({ length: planned + 1 }, (_, correct) => correct);
  const equal = counts.filter((correct) => verdictOf(planned, planned, correct) === "equivalent");
  const chances = binomial(planned, 0.5);
  return {
    fewest_for_difference: counts.find((correct) => atLeast(correct, planned, 0.5) < SIGNIFICANCE) ?? null,
    fewest_for_equivalence: equal[0] ?? null,
    most_for_equivalence: equal.at(-1) ?? null,
    guesser_equivalent: sum(equal.map((correct) => chances[correct])),
  };
};

const abxStatistics = (planned, answered, correct, goals = goalsOf(planned)) => ({
  planned,
  answered,
  correct,
  final: answered === planned,
  share_correct: answered ? correct / answered : null,
  p_value: atLeast(correct, answered, 0.5),
  interval_low: answered ? lowerBound(correct, answered, (1 - CONFIDENCE) / 2) : 0,
  interval_high: answered ? upperBound(correct, answered, (1 - CONFIDENCE) / 2) : 1,
  upper_bound: answered ? upperBound(correct, answered, 1 - CONFIDENCE) : 1,
  verdict: verdictOf(planned, answered, correct),
  goals,
});
