/** What there is in the namespaces of a side: looked at before the plugin starts and after it has ended. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec, Links } from '@dpu-operator/sdk/linux';

/** Milliseconds for which what is on its way out is not counted as left. */
const removalMs = 5_000;

/**
 * What is there that was not there before, once nothing of it goes away any more by itself.
 *
 * @param linksBefore what {@link linkNames} said before the plugin started
 */
export async function remains(linksBefore: ReadonlySet<string>): Promise<{ links: string[]; processes: string[] }> {
  const end = performance.now() + removalMs;
  for (;;) {
    const links = (await linkNames()).filter((name) => !linksBefore.has(name));
    const processes = otherProcesses();
    if ((links.length === 0 && processes.length === 0) || performance.now() > end) return { links, processes };
    await sleep(50);
  }
}

export async function linkNames(): Promise<string[]> {
  return (await new Links(exec).list()).map(({ name }) => name);
}

/** Names of the programs that run in this process namespace beside this process and what it runs itself. */
function otherProcesses(): string[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      const [, name = '', state, parent] =
        /\((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? [];
      const isOwn = Number(parent) === process.pid && name === 'ip';
      return state === 'Z' || isOwn ? [] : [name];
    } catch {
      return [];
    }
  });
}
