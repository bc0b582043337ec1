/** A plugin that keeps every rule, in memory. */
import { applyEach } from '../../contract/apply-each.ts';
import type { Change, DataPath, Device, NetworkFunction, Plugin } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';

export const maxVfs = 8;
export const maxPorts = 150;
/** Interfaces for network functions. */
export const nfMacs = ['02:00:00:00:0a:01', '02:00:00:00:0a:02', '02:00:00:00:0a:03', '02:00:00:00:0a:04'];
const vfsAtFirst = 5;

export interface MemoryVsp extends Plugin {
  dataPath: DataPath;
  /** Names of what the card has. */
  there: ReadonlySet<string>;
  break(id: string, broken: boolean): void;
  /** Takes away what is at the other end of a bridge port, or brings it back. */
  unplug(id: string, isAway: boolean): void;
}

export function memoryVsp(): MemoryVsp {
  let count = vfsAtFirst;
  const broken = new Set<string>();
  const away = new Set<string>();
  const there = new Set<string>();
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  return {
    address: { ip: '127.0.0.1', port: 50151 },
    limits: { maxVfs, maxBridgePorts: maxPorts },
    getDevices: async () => devices(count, broken),
    setNumVfs: async (wanted) => {
      count = wanted;
      changed();
      return count;
    },
    watchDevices: (onChange) => {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    dataPath: {
      serves: ['bridge', 'networkFunctions', 'chains'],
      apply: (_wanted, call) =>
        applyEach(call, async (change) => {
          requireCard(change);
          if (change.after) there.add(change.name);
          else there.delete(change.name);
          return undefined;
        }),
      // Without a device there is nothing at the end of a port.
      down: ({ bridgePorts }) => (count === 0 ? bridgePorts.keys() : away),
    },
    networkConfig: { setNetworkConfig: async () => {} },
    there,
    unplug: (id, isAway) => {
      if (isAway) away.add(`bridgePorts/${id}`);
      else away.delete(`bridgePorts/${id}`);
    },
    break: (id, isBroken) => {
      if (isBroken) broken.add(id);
      else broken.delete(id);
      changed();
    },
  };
}

function devices(count: number, broken: ReadonlySet<string>): Device[] {
  return Array.from({ length: count }, (_, index) => `mem${index}`).map((id) => ({
    id,
    healthy: !broken.has(id),
  }));
}

/** @throws DpuError for what such a card cannot do. */
function requireCard({ kind, after }: Change): void {
  if (kind === 'networkFunction' && after) requireInterfaces([after]);
  if (kind === 'serviceChain' && after) requireInterfaces(after.networkFunctions);
}

function requireInterfaces(functions: readonly NetworkFunction[]): void {
  const macs = functions.flatMap(({ input, output }) => [input, output]);
  const missing = macs.find((mac) => !nfMacs.includes(mac));
  if (missing !== undefined) throw new DpuError('NOT_FOUND', `no interface has ${missing}`);
}
