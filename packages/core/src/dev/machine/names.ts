/**
 * Names of what a harness makes on the machine. Each carries the process that made it, so that the next harness can
 * tell what a killed one left from what a running one uses.
 */
import { readFileSync } from 'node:fs';

const netnsPrefix = 'dpudev-';

/** `card` is for what stands in for one. */
export type Place = 'host' | 'dpu' | 'card' | 'pod1' | 'pod2' | 'function' | 'bridge' | 'outside';
export const places: readonly Place[] = ['host', 'dpu', 'card', 'pod1', 'pod2', 'function', 'bridge', 'outside'];

/** A process and when it started, as process ids are used again. */
export function harnessId(pid = process.pid): string {
  return `${pid}-${startTime(pid) ?? 0}`;
}

export const netnsName = (id: string, place: Place): string => `${netnsPrefix}${id}-${place}`;

/** Whether a network namespace belongs to a harness that runs no more. */
export function isLeftOver(netns: string): boolean {
  const [, pid, start] = /^dpudev-(\d+)-(\d+)-[a-z0-9]+$/.exec(netns) ?? [];
  return pid !== undefined && start !== startTime(Number(pid));
}

/** In clock ticks since the machine started (proc(5)); undefined where no such process runs. */
function startTime(pid: number): string | undefined {
  try {
    // The program's name, in parentheses, may have spaces.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
  } catch {
    return undefined;
  }
}
