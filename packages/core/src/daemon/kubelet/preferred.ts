import type { PooledDevice } from './pool.ts';

/**
 * Which of the free devices a container should get: those it must have, then the rest from as few DPUs and NUMA nodes
 * as possible, lowest index first. The same request gets the same answer.
 */
export function preferDevices(
  devices: readonly PooledDevice[],
  request: { available: readonly string[]; mustInclude: readonly string[]; size: number },
): string[] {
  const chosen = [...request.mustInclude];
  const available = new Set(request.available);
  const free = devices.filter(({ id }) => available.has(id) && !chosen.includes(id));
  const groupOf = ({ dpuName, numaNode }: PooledDevice) => `${dpuName} ${numaNode ?? ''}`;
  const mustGroups = devices.filter(({ id }) => chosen.includes(id)).map(groupOf);
  const groups = Map.groupBy(free, groupOf);
  while (chosen.length < request.size && groups.size > 0) {
    const missing = request.size - chosen.length;
    const [name, members] = best(groups, mustGroups, missing);
    chosen.push(...members.slice(0, missing).map(({ id }) => id));
    groups.delete(name);
  }
  return chosen.slice(0, Math.max(request.size, request.mustInclude.length));
}

/** A group that already gives devices, else the first that is large enough, else the largest. */
function best(
  groups: Map<string, PooledDevice[]>,
  mustGroups: readonly string[],
  missing: number,
): [string, PooledDevice[]] {
  const rank = ([name, members]: [string, PooledDevice[]]) =>
    (mustGroups.includes(name) ? 1_000_000 : 0) + Math.min(members.length, missing);
  return [...groups].reduce((winner, group) => (rank(group) > rank(winner) ? group : winner));
}
