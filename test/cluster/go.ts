import { attempt } from './run.ts';

/** The first Go that fetches by itself the version that a module asks for. */
const oldestMinor = 21;

/** Says what Go is needed for where it is missing or too old. */
export async function requireGo(purpose: string): Promise<void> {
  // Some distributions tell theirs to stay as it is.
  process.env.GOTOOLCHAIN ??= 'auto';
  const { exitCode, stdout } = await attempt(['go', 'version']);
  const found = /\bgo1\.(\d+)\S*/.exec(stdout);
  if (exitCode === 0 && Number(found?.[1]) >= oldestMinor) return;
  const state = found ? `${found[0]} is too old` : 'Go is missing';
  throw new Error(
    `The test cluster needs ${purpose}: install it, or install Go 1.${oldestMinor} or later (go.dev) to have it built ` +
      `from source; ${state}.`,
  );
}
