/** Finds processes by what their environment holds; children inherit it, also those that leave their session. */
import { readdir, readFile } from 'node:fs/promises';

/** Processes of other users cannot be seen without root. */
export async function processesWith(variable: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      if (!environment.split('\0').includes(variable)) return [];
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return name === '' ? [] : [`${name.trim()} (${pid})`];
    }),
  );
  return found.flat();
}
