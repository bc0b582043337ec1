/** A plugin that keeps every rule, in memory; and ways to break one at a time. */
import { randomUUID } from 'node:crypto';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type BridgePort,
  type ChainContract,
  type Device,
  definePlugin,
  type LogicalBridge,
  type NetworkFunction,
  type Plugin,
  type ServiceChain,
} from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import { bareId } from '../../wire/names.ts';

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

export default definePlugin<{ fault?: ProcessFault; directory?: string }>({
  create: ({ settings: { fault, directory } }) => memoryVsp(fault, directory),
});

/** @param directory Where it keeps what outlives it. */
export function memoryVsp(fault?: ProcessFault, directory = ''): Plugin & { break(id: string, broken: boolean): void } {
  if (fault === 'does-not-start') throw new DpuError('FAILED_PRECONDITION', 'there is no card here');
  let count = vfsAtFirst;
  let inits = 0;
  const prefix = fault === 'new-ids' ? `mem-${randomUUID().slice(0, 4)}-` : 'mem';
  const broken = new Set<string>();
  const watchers = new Set<() => void>();
  const { forget, ...contracts } = network(fault, directory, () => count > 0);
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  return {
    init: async () => {
      if (fault === 'fails-in-init') throw new DpuError('FAILED_PRECONDITION', 'its firmware is too old');
      if (fault === 'is-late' && inits++ < 2) throw new DpuError('UNAVAILABLE', 'the card boots');
      return { ip: '127.0.0.1', port: 50151 };
    },
    getDevices: async () => {
      if (fault === 'leaks-descriptors') open.push(openSync('/dev/null', 'r'));
      if (fault === 'leaks-memory') kept.push(Buffer.alloc(20_000, 1));
      return devices(count, prefix, broken);
    },
    setNumVfs: async (wanted) => {
      if (wanted > maxVfs) throw new DpuError('OUT_OF_RANGE', `vf_cnt: there are 0 to ${maxVfs}`);
      count = wanted;
      if (count === 0) forget();
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
    ...contracts,
    networkConfig: { setNetworkConfig: async () => {} },
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

function network(
  fault: ProcessFault | undefined,
  directory: string,
  hasDevices: () => boolean,
): Pick<Plugin, 'bridge' | 'networkFunctions' | 'chains'> & { forget(): void } {
  const ports = new Map<string, BridgePort>();
  const bridges = new Map<string, LogicalBridge>();
  const functions = new Map<string, NetworkFunction>();
  const chains = new Map<string, ServiceChain>();

  const requireBridges = ({ type, logicalBridges }: BridgePort) => {
    for (const name of logicalBridges) {
      if (bridges.has(`logicalBridges/${bareId('logicalBridges', name)}`) || /^\d+$/.test(name)) continue;
      throw new DpuError('NOT_FOUND', `logical bridge ${name} does not exist`);
    }
    if (type === 'ACCESS' && logicalBridges.length > 1) {
      throw new DpuError('INVALID_ARGUMENT', 'logical_bridges: an ACCESS port has one');
    }
  };
  const requireInterface = ({ input, output }: NetworkFunction) => {
    const missing = [input, output].find((mac) => !nfMacs.includes(mac));
    if (missing) throw new DpuError('NOT_FOUND', `no interface has ${missing}`);
    if (input === output) throw new DpuError('INVALID_ARGUMENT', `input and output are both ${input}`);
  };
  const chainOf = (nf: NetworkFunction) =>
    [...chains.values()].find((chain) => chain.networkFunctions.some((other) => shareInterface(nf, other)));
  const requireFree = (nf: NetworkFunction, except?: string) => {
    const holder = chainOf(nf);
    if (holder && holder.name !== except) throw new DpuError('FAILED_PRECONDITION', `${nf.input} is in ${holder.name}`);
  };
  const requireFunctions = ({ name, networkFunctions }: ServiceChain) => {
    for (const nf of networkFunctions) {
      requireInterface(nf);
      requireFree(nf, name);
      if ([...functions.values()].some((other) => shareInterface(nf, other))) {
        throw new DpuError('FAILED_PRECONDITION', `${nf.input} is a function by itself`);
      }
    }
  };
  const chainContract: ChainContract = {
    createChain: async (chain) => create(chains, chain, () => requireFunctions(chain)),
    updateChain: async (chain) => {
      requireFunctions(chain);
      return put(chains, chain);
    },
    deleteChain: async (name) => remove(chains, name),
    listChains: async () => [...chains.values()],
  };
  const status = <T extends object>(resource: T): T => ({ ...resource, operStatus: hasDevices() ? 'UP' : 'DOWN' });
  return {
    forget: () => {
      for (const all of [ports, bridges, functions, chains]) all.clear();
    },
    bridge: {
      createBridgePort: async (port) => {
        if (fault === 'dies-of-a-call') process.exit(3);
        if (fault === 'dies-later') setTimeout(() => process.exit(4), 20);
        return create(ports, port, () => {
          requireBridges(port);
          if (ports.size >= maxPorts) throw new DpuError('RESOURCE_EXHAUSTED', `there are ${maxPorts} ports`);
        });
      },
      updateBridgePort: async (port) => {
        requireBridges(port);
        return put(ports, port);
      },
      deleteBridgePort: async (name) => remove(ports, name),
      listBridgePorts: async () => [...ports.values()].map(status),
      createLogicalBridge: async (bridge) => {
        if (fault === 'refuses-replay') refuseReplay(directory);
        return create(bridges, bridge);
      },
      updateLogicalBridge: async (bridge) => put(bridges, bridge),
      deleteLogicalBridge: async (name) => {
        const names = (port: BridgePort) => port.logicalBridges.map((each) => bareId('logicalBridges', each));
        const isUsed = [...ports.values()].some((port) => names(port).includes(bareId('logicalBridges', name)));
        if (isUsed) throw new DpuError('FAILED_PRECONDITION', `${name} has ports`);
        remove(bridges, name);
      },
      listLogicalBridges: async () => [...bridges.values()],
    },
    networkFunctions: {
      createNetworkFunction: async (nf) => {
        requireInterface(nf);
        requireFree(nf);
        functions.set(`${nf.input} ${nf.output}`, nf);
      },
      deleteNetworkFunction: async (nf) => {
        if (!functions.delete(`${nf.input} ${nf.output}`)) requireFree(nf);
      },
    },
    chains: chainContract,
  };
}

/** As one does that finds its bridge on the card, and does not know it any more. */
function refuseReplay(directory: string): void {
  const marker = join(directory, 'bridge');
  const isMine = !existsSync(marker) || readFileSync(marker, 'utf8') === String(process.pid);
  if (!isMine) throw new DpuError('ALREADY_EXISTS', 'the bridge is on the card already');
  writeFileSync(marker, String(process.pid));
}

function shareInterface(a: NetworkFunction, b: NetworkFunction): boolean {
  return [a.input, a.output].some((mac) => mac === b.input || mac === b.output);
}

function create<T extends { name: string }>(all: Map<string, T>, resource: T, check = () => {}): T {
  const there = all.get(resource.name);
  if (there && isDeepStrictEqual(there, resource)) return there;
  if (there) throw new DpuError('ALREADY_EXISTS', `${resource.name} exists with other content`);
  check();
  return put(all, resource);
}

function put<T extends { name: string }>(all: Map<string, T>, resource: T): T {
  all.set(resource.name, resource);
  return resource;
}

function remove(all: Map<string, unknown>, name: string): void {
  if (!all.delete(name)) throw new DpuError('NOT_FOUND', `${name} does not exist`);
}
