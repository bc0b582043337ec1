/** A plugin that keeps every rule, in memory; and ways to break one at a time. */
import { randomUUID } from 'node:crypto';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEach } from '../../apply-each.ts';
import {
  type Change,
  type DataPath,
  type Device,
  definePlugin,
  type NetworkFunction,
  type Plugin,
} from '../../contract.ts';
import { DpuError } from '../../errors.ts';

export const maxVfs = 8;
export const maxPorts = 150;
/** Interfaces for network functions. */
export const nfMacs = ['02:00:00:00:0a:01', '02:00:00:00:0a:02', '02:00:00:00:0a:03', '02:00:00:00:0a:04'];
const vfsAtFirst = 5;

/** For plugins in a process of their own: what is wrong with this one. */
export type ProcessFault =
  | 'leaks-descriptors'
  | 'leaks-memory'
  | 'new-ids'
  | 'refuses-replay'
  | 'does-not-start'
  | 'fails-in-init'
  | 'is-late'
  | 'exits-with-1'
  | 'dies-of-a-call'
  | 'dies-later'
  | 'hangs-at-the-end';

const open: number[] = [];
const kept: Buffer[] = [];
let creations = 0;

export default definePlugin<{ fault?: ProcessFault; directory?: string }>({
  create: ({ settings: { fault, directory } }) => {
    creations += 1;
    if (fault === 'fails-in-init') throw new DpuError('FAILED_PRECONDITION', 'its firmware is too old');
    if (fault === 'is-late' && creations <= 2) throw new DpuError('UNAVAILABLE', 'the card boots');
    return memoryVsp(fault, directory);
  },
});

// Only a process of its own has settings in its environment.
if (process.env.DPU_SETTINGS?.includes('does-not-start')) {
  throw new DpuError('FAILED_PRECONDITION', 'there is no card here');
}

export interface MemoryVsp extends Plugin {
  dataPath: DataPath;
  /** Names of what the card has. */
  there: ReadonlySet<string>;
  break(id: string, broken: boolean): void;
  /** Takes away what is at the other end of a bridge port, or brings it back. */
  unplug(id: string, isAway: boolean): void;
}

/** @param directory Where it keeps what outlives it. */
export function memoryVsp(fault?: ProcessFault, directory = ''): MemoryVsp {
  let count = vfsAtFirst;
  const prefix = fault === 'new-ids' ? `mem-${randomUUID().slice(0, 4)}-` : 'mem';
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
    getDevices: async () => {
      if (fault === 'leaks-descriptors') open.push(openSync('/dev/null', 'r'));
      if (fault === 'leaks-memory') kept.push(Buffer.alloc(20_000, 1));
      return devices(count, prefix, broken);
    },
    setNumVfs: async (wanted) => {
      count = wanted;
      changed();
      return count;
    },
    watchDevices: (onChange) => {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    close: async () => {
      if (fault === 'exits-with-1') throw new Error('cannot close');
      if (fault === 'hangs-at-the-end') await new Promise(() => setInterval(() => {}, 1_000));
    },
    dataPath: {
      serves: ['bridge', 'networkFunctions', 'chains'],
      apply: (_wanted, call) =>
        applyEach(call, async (change) => {
          failWith(fault, directory, change);
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

function devices(count: number, prefix: string, broken: ReadonlySet<string>): Device[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`).map((id) => ({
    id,
    healthy: !broken.has(id),
  }));
}

/** @throws DpuError for what such a card cannot do, and for what is wrong with this one. */
function failWith(fault: ProcessFault | undefined, directory: string, { kind, before, after }: Change): void {
  if (kind === 'bridgePort' && after && !before) {
    if (fault === 'dies-of-a-call') process.exit(3);
    if (fault === 'dies-later') setTimeout(() => process.exit(4), 20);
  }
  if (kind === 'logicalBridge' && after && fault === 'refuses-replay') refuseReplay(directory);
  if (kind === 'networkFunction' && after) requireInterfaces([after]);
  if (kind === 'serviceChain' && after) requireInterfaces(after.networkFunctions);
}

function requireInterfaces(functions: readonly NetworkFunction[]): void {
  const macs = functions.flatMap(({ input, output }) => [input, output]);
  const missing = macs.find((mac) => !nfMacs.includes(mac));
  if (missing !== undefined) throw new DpuError('NOT_FOUND', `no interface has ${missing}`);
}

/** As one does that finds its bridge on the card, and does not know it any more. */
function refuseReplay(directory: string): void {
  const marker = join(directory, 'bridge');
  const isMine = !existsSync(marker) || readFileSync(marker, 'utf8') === String(process.pid);
  if (!isMine) throw new DpuError('ALREADY_EXISTS', 'the bridge is on the card already');
  writeFileSync(marker, String(process.pid));
}
