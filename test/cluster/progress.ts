export type Log = (message: string) => void;

/** A long step is never silent for longer than this. */
const heartbeatMs = 15_000;

export function elapsedSince(start: number): string {
  const seconds = (performance.now() - start) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Lets a step say what it is at; shown with the next heartbeat. */
export type Detail = (text: string) => void;

/** Runs one named piece of work and reports its start, that it is still going, and how long it took. */
export async function step<T>(log: Log, name: string, work: (detail: Detail) => Promise<T>): Promise<T> {
  const start = performance.now();
  let detail = '';
  log(`${name} ...`);
  const heartbeat = setInterval(() => log(`${name}: ${elapsedSince(start)}${detail && `, ${detail}`}`), heartbeatMs);
  try {
    const result = await work((text) => {
      detail = text;
    });
    log(`${name}: done in ${elapsedSince(start)}`);
    return result;
  } catch (error) {
    log(`${name}: failed after ${elapsedSince(start)}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}
