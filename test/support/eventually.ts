/** Milliseconds. A guard against what never comes, with room for a busy machine. */
const limitMs = 60_000;
const pauseMs = 100;

/**
 * Waits for something that has no watch (a kernel table, another program's state) by looking at it again and again.
 *
 * @param look answers undefined, or throws, while it is not there
 * @throws Error that says what it saw last
 */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  do {
    try {
      const found = await look();
      if (found !== undefined) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  } while (performance.now() < end);
  const seen = last instanceof Error ? `: ${last.message}` : '';
  throw new Error(`${what}: not within ${limitMs / 1000} s${seen}`, { cause: last });
}

/** As {@link eventually}, until the answer is the one that is wanted. */
export function untilIt<T>(what: string, look: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  return eventually(what, async () => {
    const answer = await look();
    if (!wanted(answer)) throw new Error(`last ${JSON.stringify(answer)}`);
    return answer;
  });
}
