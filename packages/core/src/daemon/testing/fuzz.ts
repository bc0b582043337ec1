/** What the fuzz tests have in common. `make fuzz` runs them for long; a failure names the seed that repeats it. */
import fc from 'fast-check';

/** By default the same inputs in every run of the tests. */
export const fuzzParameters = {
  seed: Number(process.env.FUZZ_SEED ?? 20_261_126),
  numRuns: Number(process.env.FUZZ_RUNS ?? 1_500),
};

/** Milliseconds for vitest: a request or call takes some. */
export const fuzzTimeout = 30_000 + 100 * fuzzParameters.numRuns;

/** What is wrong with a name in one way or another. */
export const oddName: fc.Arbitrary<string> = fc.constantFrom(
  ...['', '.', '..', '../../x', '/', 'a/b', 'eth%d', '%', 'a\0b', 'a\nb', '\u001b[2J', 'a b', '-', '--help', '$(id)'],
  ...['é'.repeat(15), 'à', '\u202e', '\ud800', 'x'.repeat(16), 'x'.repeat(300), 'x'.repeat(5_000), '__proto__'],
  ...[
    '/proc/self/ns/mnt',
    '/run/netns/a b',
    'dpu-cni',
    'default',
    '127.0.0.1/8',
    '0200.0000.0001',
    '01-00-00-00-00-01',
  ],
);

/** Names that have broken programs before, among any text. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: oddName, weight: 2 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 40 }), weight: 1 },
  { arbitrary: fc.string({ maxLength: 20 }), weight: 1 },
);

export const oddJson: fc.Arbitrary<unknown> = fc.anything({
  key: oddText,
  maxDepth: 3,
  values: [oddText, fc.double(), fc.integer(), fc.boolean(), fc.constant(null)],
});

/** Something that is right, with at most two of its fields not there or odd: more would hide each other. */
export function withOddFields(good: Record<string, unknown>, odd: fc.Arbitrary<unknown> = oddJson) {
  const change = fc.tuple(fc.constantFrom(...Object.keys(good)), fc.oneof(odd, fc.constant(undefined)));
  return fc.array(change, { maxLength: 2 }).map((changes) => ({ ...good, ...Object.fromEntries(changes) }));
}
