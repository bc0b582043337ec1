/** Milliseconds. A guard against what never comes, with room for a busy machine. */
const limitMs = 120_000;
/** At least; a look that takes longer, as one by kubectl, is not to keep a busy machine from what is waited for. */
const pauseMs = 100;

/**
 * Waits for something that has no watch (a kernel table, another program's state) by looking at it again and again.
 *
 * @param look answers undefined, or throws, while it is not there
 * @param wanted whether an answer is the one that is waited for. Default: any is.
 * @throws Error that says what it saw last
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  wanted: (answer: T) => boolean = () => true,
): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  do {
    const start = performance.now();
    try {
      const answer = await look();
      if (answer !== undefined && wanted(answer)) return answer;
      last = new Error(`last ${JSON.stringify(answer)}`);
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, 2 * (performance.now() - start))));
  } while (performance.now() < end);
  const seen = last instanceof Error ? last.message : String(last);
  throw new Error(`${what}: not within ${limitMs / 1000} s: ${seen}`, { cause: last });
}
