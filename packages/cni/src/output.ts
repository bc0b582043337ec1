/** The answer on standard output. A runtime that gets half of it must not be told that all went well. */
const timeoutMs = 10_000;

/** @throws Error when it cannot be written, or nobody reads it */
export async function writeOutput(answer: object): Promise<void> {
  const text = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nobody read it within ${timeoutMs / 1000} s`)), timeoutMs);
  // console.log hides a disk that is full.
  const written = await Promise.race([Bun.write(Bun.stdout, text), late]);
  clearTimeout(timer);
  if (written < text.length) throw new Error(`only ${written} of ${text.length} bytes were taken`);
}
