/** What there is in the namespaces of a side: looked at before the plugin starts and after it has ended. */
import { readdirSync, readFileSync } from 'node:fs';
import { exec, Links } from '@dpu-operator/sdk/linux';

export async function linkNames(): Promise<string[]> {
  return (await new Links(exec).list()).map(({ name }) => name);
}

/** Names of the programs that run in this process namespace beside this process and what it runs itself. */
export function otherProcesses(): string[] {
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
