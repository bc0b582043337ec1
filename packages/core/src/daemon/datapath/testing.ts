/** For tests: a VSP's data path in memory, with switches that make its calls fail. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BridgePort,
  type Capability,
  DpuError,
  type Feature,
  type LogicalBridge,
  type NetworkFunction,
  type ServiceChain,
} from '@dpu-operator/sdk';
import type { ProgressCallbacks } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { HostPortRecords } from './host-ports/host-port-records.ts';
import { HostPorts } from './host-ports/host-ports.ts';
import { bridgePortId, networkFunctionId, sameBridgePort, sameFunctions } from './items.ts';
import type { Action, Wish } from './plan.ts';
import { Reconciler } from './reconciler.ts';
import { type VspCalls, VspTarget } from './vsp-target.ts';

export const silent = pino({ level: 'silent' });

export const temporaryDirectory = (): string => join(mkdtempSync(join(tmpdir(), 'datapath-')), 'dpu');

export const port = (index: number, mac = `02:00:00:00:00:0${index}`): BridgePort => ({
  name: `bridgePorts/host0-${index}`,
  macAddress: mac,
  type: 'ACCESS',
  logicalBridges: [`${index + 2}`],
});

export class MemoryVsp implements VspCalls {
  readonly ports = new Map<string, BridgePort>();
  readonly functions = new Map<string, NetworkFunction>();
  readonly chains = new Map<string, NetworkFunction[]>();
  /** Every call in order, with the id that it is about. */
  readonly calls: string[] = [];
  /** Thrown by every call instead of its work. */
  failure: DpuError | undefined;
  canList = true;
  /** Whether it tells of ports that its card goes on with, by {@link MemoryVsp.goesOn}. */
  canTell = true;
  /** Times that its watch of the progress was opened. */
  watches = 0;
  #watch: ProgressCallbacks | undefined;
  /** Times that it was told that its replay is complete. */
  replays = 0;
  /** What it says of a port that it was asked for, after the first answer. */
  components: (id: string) => BridgePort['components'] = () => undefined;
  hasChains = false;
  /** Whether its functions can work for one logical bridge. */
  perBridge = false;
  /** Awaited before the work of every call: tests hold calls here, or refuse them. */
  gate: (call: string) => Promise<void> = async () => {};
  /** Awaited after it: tests lose answers here. */
  answer: (call: string) => Promise<void> = async () => {};

  async getInfo(): Promise<{ capabilities: Capability[]; features: Feature[] } | undefined> {
    const limits = { perBridge: this.perBridge };
    return {
      capabilities: this.hasChains ? ['chains'] : [],
      features: [{ name: 'dpu.networkFunctions', version: 1, limits }],
    };
  }

  createBridgePort(created: BridgePort): Promise<BridgePort> {
    const id = bridgePortId(created.name);
    return this.#call(`create ${id}`, () => {
      const old = this.ports.get(id);
      if (old && !sameBridgePort(old, created)) throw new DpuError('ALREADY_EXISTS', 'other content');
      this.ports.set(id, created);
      return this.#withComponents(created);
    });
  }

  deleteBridgePort(name: string): Promise<void> {
    const id = bridgePortId(name);
    return this.#call(`delete ${id}`, () => void this.ports.delete(id));
  }

  async listBridgePorts(): Promise<BridgePort[]> {
    if (!this.canList) throw new DpuError('UNIMPLEMENTED', 'no list');
    return [...this.ports].map(([id, held]) => this.#withComponents({ ...held, name: `bridgePorts/${id}` }));
  }

  /** Ids of the logical bridges there are, with their VLANs. */
  readonly bridges = new Map<string, number>();
  hasBridges = true;

  async createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    if (!this.hasBridges) throw new DpuError('UNIMPLEMENTED', 'no logical bridges');
    this.bridges.set(bridge.name.replace('logicalBridges/', ''), bridge.vlanId);
    return bridge;
  }

  async deleteLogicalBridge(id: string): Promise<void> {
    const ports = [...this.ports.values()].filter(({ logicalBridges }) => logicalBridges.includes(id));
    const functions = [...this.functions.values(), ...[...this.chains.values()].flat()].filter(
      ({ bridgeId }) => bridgeId === id,
    );
    if (ports.length + functions.length > 0)
      throw new DpuError('FAILED_PRECONDITION', `ports or functions are on ${id}`);
    this.bridges.delete(id);
  }

  async listLogicalBridges(): Promise<LogicalBridge[]> {
    if (!this.hasBridges) throw new DpuError('UNIMPLEMENTED', 'no logical bridges');
    return [...this.bridges].map(([id, vlanId]) => ({ name: `logicalBridges/${id}`, vlanId }));
  }

  async getBridgePort(name: string): Promise<BridgePort> {
    const held = this.ports.get(bridgePortId(name));
    if (!held) throw new DpuError('NOT_FOUND', `${name} does not exist`);
    return this.#withComponents(held);
  }

  watchProgress(watch: ProgressCallbacks): () => void {
    this.watches += 1;
    if (this.canTell) {
      this.#watch = watch;
      watch.onStart();
    } else watch.onEnd(new DpuError('UNIMPLEMENTED', 'no watch'));
    return () => {
      if (this.#watch === watch) this.#watch = undefined;
    };
  }

  /** The card has gone on with a port, as {@link MemoryVsp.components} says. */
  goesOn(id: string): void {
    this.#watch?.onProgress([`bridgePorts/${id}`]);
  }

  /** Its watch of the progress breaks, and nothing else does. */
  breakWatch(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    watch?.onEnd(new DpuError('INTERNAL', 'the stream was reset'));
  }

  async completeReplay(): Promise<boolean> {
    if (this.failure) throw this.failure;
    this.replays += 1;
    return true;
  }

  #withComponents(port: BridgePort): BridgePort {
    const components = this.components(bridgePortId(port.name));
    return components ? { ...port, operStatus: 'DOWN', components } : port;
  }

  createNetworkFunction(nf: NetworkFunction): Promise<void> {
    const id = networkFunctionId(nf);
    return this.#call(`create ${id}`, () => void this.functions.set(id, nf));
  }

  deleteNetworkFunction(nf: NetworkFunction): Promise<void> {
    const id = networkFunctionId(nf);
    return this.#call(`delete ${id}`, () => void this.functions.delete(id));
  }

  createChain(chain: ServiceChain): Promise<ServiceChain> {
    const id = chainIdOf(chain.name);
    return this.#call(`create ${id}`, () => {
      const old = this.chains.get(id);
      if (old && !sameFunctions(old, chain.networkFunctions)) throw new DpuError('ALREADY_EXISTS', 'other functions');
      return this.#take(id, chain);
    });
  }

  updateChain(chain: ServiceChain): Promise<ServiceChain> {
    const id = chainIdOf(chain.name);
    return this.#call(`update ${id}`, () => {
      if (!this.chains.has(id)) throw new DpuError('NOT_FOUND', 'no such chain');
      return this.#take(id, chain);
    });
  }

  deleteChain(name: string): Promise<void> {
    const id = chainIdOf(name);
    return this.#call(`delete ${id}`, () => {
      if (!this.chains.delete(id)) throw new DpuError('NOT_FOUND', 'no such chain');
    });
  }

  /** By the contract a function is in one chain only, or by itself. */
  #take(id: string, chain: ServiceChain): ServiceChain {
    const wanted = new Set(chain.networkFunctions.map(networkFunctionId));
    const others = [...this.chains].filter(([other]) => other !== id).flatMap(([, functions]) => functions);
    const isHeld = [...others, ...this.functions.values()].some((nf) => wanted.has(networkFunctionId(nf)));
    if (isHeld) throw new DpuError('FAILED_PRECONDITION', 'a function is in use');
    this.chains.set(id, chain.networkFunctions);
    return chain;
  }

  async #call<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    await this.gate(call);
    if (this.failure) throw this.failure;
    const result = work();
    await this.answer(call);
    return result;
  }
}

const chainIdOf = (name: string): string => name.replace(/^serviceChains\//, '');

/** In the DPU's directory of records. */
export const portDirectoryIn = (directory: string): string => join(directory, 'bridge-ports');

/** Hosts' ports of one DPU with their own reconciler, as a daemon that has just started has them. */
/** By directory: what the daemon of the tests that started there last has open. */
const opened = new Map<string, HostPortRecords>();

/** A daemon that starts on this directory; the one before it has ended. */
export function hostPortsIn(directory: string, isOnlyInstallation: (installation: string) => boolean = () => true) {
  opened.get(directory)?.close();
  const records = new HostPortRecords({ directory, logger: silent });
  opened.set(directory, records);
  const reconciler = new Reconciler({
    desired: {
      wishes: (): Wish[] => records.wishes(),
      acknowledged: async ({ call, item }: Action) => {
        if (call === 'delete' && item.kind === 'bridgePort') await records.dropped(item.port.name);
      },
    },
    disconnected: 'the VSP is not ready',
    logger: silent,
  });
  const ports = new HostPorts({ records, reconciler, isOnlyInstallation, onUsers: () => {}, logger: silent });
  const connect = (vsp: MemoryVsp) => reconciler.connect(new VspTarget({ client: vsp, logger: silent }));
  return { ports, reconciler, connect };
}
