import { attempt } from './run.ts';

/** Says what Go is needed for where it is missing. */
export async function requireGo(purpose: string): Promise<void> {
  if ((await attempt(['go', 'version'])).exitCode === 0) return;
  throw new Error(
    `The test cluster needs ${purpose}: install it, or install Go (go.dev) to have it built from source.`,
  );
}
