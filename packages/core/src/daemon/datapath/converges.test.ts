/**
 * Random sequences of pods and hosts that come and go, a VSP that starts anew, a daemon that is killed, calls that are
 * refused and answers that are lost: in the end the VSP has what it shall. A failure names the seed that repeats it.
 */
import { type BridgePort, DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import type { ChainMember } from './chains/attached-index.ts';
import { chainId } from './chains/chain-status.ts';
import { DpuDataPath } from './dpu-data-path.ts';
import { bridgePortId, networkFunctionId } from './items.ts';
import { MemoryVsp, port, silent, temporaryDirectory } from './testing.ts';

/** Mulberry32: the same numbers for the same seed, 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hosts = ['node-a/dpu', 'node-b/dpu', 'anonymous'];
const chains = ['shop/edge', 'shop/core'];
const names = ['firewall', 'nat', 'proxy'];
/** Not made by us: nothing of it may change. */
const foreign = port(9, '02:0f:00:00:00:09');
const outcomeUnknown = (error: unknown) => ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(DpuError.from(error).code);

class Walk {
  readonly #random: () => number;
  readonly #directory = temporaryDirectory();
  readonly #singles = new Map<string, NetworkFunction>();
  readonly #members = new Map<string, ChainMember>();
  /** Of all chains: each order has a generation of its own. */
  #generation = 1;
  readonly #orders = new Map(chains.map((chain) => [chain, names]));
  /** By owner and id; a port whose creation had no answer may be there or not, as its host was told. */
  readonly #ports = new Map<string, { owner: string; port: BridgePort }>();
  /** Deletions that failed: their attachment stays and is tried again. */
  readonly #undone = new Map<string, { nf: NetworkFunction; chain: string | undefined }>();
  readonly #chainsChance: number;
  readonly #canList: boolean;
  #vsp: MemoryVsp;
  #dataPath: DpuDataPath;
  #faults = true;
  #faultCount = 0;
  #connected = false;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    this.#chainsChance = this.#pick([0, 0.5, 1, 1]);
    this.#canList = this.#chance(0.5);
    this.#vsp = this.#startVsp();
    this.#dataPath = this.#startDaemon();
  }

  async run(steps: number): Promise<void> {
    await this.#connect();
    for (let step = 0; step < steps; step += 1) await this.#step();
  }

  /** All is well again, and a VSP and a daemon start anew or stay as they are. */
  async finish(): Promise<MemoryVsp> {
    this.#faults = false;
    if (this.#chance(0.5)) this.#vsp = this.#startVsp();
    if (this.#chance(0.5)) this.#restartDaemon();
    await this.#connect();
    for (const { nf, chain } of this.#undone.values()) await this.#dataPath.deleteNetworkFunction(nf, chain);
    return this.#vsp;
  }

  expectConverged(vsp: MemoryVsp): void {
    expect(vsp.ports.get('host0-9')).toEqual(foreign);
    const macs = [...vsp.ports.values()].map(({ macAddress }) => macAddress).sort();
    const wanted = hosts.flatMap((owner) => this.#dataPath.hostPorts.list(owner));
    expect(macs).toEqual([...wanted, foreign].map(({ macAddress }) => macAddress).sort());
    for (const { owner, port: made } of this.#ports.values()) {
      expect(this.#dataPath.hostPorts.get(owner, made.name)).toEqual(made);
    }
    const lowered = vsp.hasChains ? [] : [...this.#members.values()].map((member) => member.networkFunction);
    const functions = [...this.#singles.values(), ...lowered].map(networkFunctionId);
    expect([...vsp.functions.keys()].sort()).toEqual(functions.sort());
    for (const chain of chains) this.#expectChain(chain, vsp);
  }

  #expectChain(chain: string, vsp: MemoryVsp): void {
    const has = vsp.chains.get(chainId(chain));
    const members = [...this.#members.values()].filter((member) => member.chain === chain);
    const attached = new Map(members.map((member) => [member.function, member.networkFunction]));
    const order = this.#orders.get(chain) ?? [];
    if (!vsp.hasChains) expect(has).toBeUndefined();
    else if (order.every((name) => attached.has(name))) expect(has).toEqual(order.map((name) => attached.get(name)));
    else for (const nf of has ?? []) expect([...attached.values()]).toContainEqual(nf);
  }

  #step(): Promise<void> {
    const steps = [
      () => this.#createPort(),
      () => this.#createPort(),
      () => this.#deletePort(),
      () => this.#attach(),
      () => this.#attach(),
      () => this.#detach(),
      () => this.#reorder(),
      () => this.#restartVsp(),
      () => this.#kill(),
    ];
    return this.#pick(steps)();
  }

  async #createPort(): Promise<void> {
    const owner = this.#pick(hosts);
    const index = 1 + Math.floor(this.#random() * 3);
    const key = `${owner} ${index}`;
    const made = port(index, `02:0${hosts.indexOf(owner)}:00:00:0${index}:0${Math.floor(this.#random() * 3)}`);
    const isRecorded = this.#dataPath.hostPorts.get(owner, made.name) !== undefined;
    try {
      await this.#dataPath.hostPorts.create(owner, made);
      this.#ports.set(key, { owner, port: made });
    } catch (error) {
      if (outcomeUnknown(error)) this.#ports.delete(key);
      else if (!isRecorded) expect(this.#dataPath.hostPorts.get(owner, made.name)).toBeUndefined();
    }
  }

  async #deletePort(): Promise<void> {
    const chosen = this.#pick([...this.#ports.keys()]);
    const known = this.#ports.get(chosen);
    if (!known) return;
    this.#ports.delete(chosen);
    await this.#dataPath.hostPorts
      .delete(known.owner, bridgePortId(known.port.name), { allowMissing: true })
      .catch(() => {});
  }

  async #attach(): Promise<void> {
    const chain = this.#chance(0.7) ? this.#pick(chains) : undefined;
    const name = this.#pick(names);
    const nf = functionOf(chain, name);
    const id = networkFunctionId(nf);
    if (this.#singles.has(id) || this.#members.has(id) || this.#undone.has(id)) return;
    if (chain === undefined) this.#singles.set(id, nf);
    else this.#members.set(id, { chain, function: name, networkFunction: nf });
    const order = chain === undefined ? undefined : this.#orders.get(chain);
    try {
      const place =
        chain && order ? { chain, function: name, functions: order, generation: this.#generation } : undefined;
      await this.#dataPath.createNetworkFunction(nf, place);
    } catch {
      await this.#release(nf, chain);
    }
  }

  async #detach(): Promise<void> {
    const member = this.#pick([...this.#members.values()]);
    const single = this.#pick([...this.#singles.values()]);
    if (member) await this.#release(member.networkFunction, member.chain);
    else if (single) await this.#release(single, undefined);
    const { nf, chain } = this.#pick([...this.#undone.values()]) ?? {};
    if (nf) await this.#release(nf, chain);
  }

  /** As the attachments' releaser does: tried again until it succeeds. */
  async #release(nf: NetworkFunction, chain: string | undefined): Promise<void> {
    const id = networkFunctionId(nf);
    this.#singles.delete(id);
    this.#members.delete(id);
    this.#undone.set(id, { nf, chain });
    const faultsBefore = this.#faultCount;
    try {
      await this.#dataPath.deleteNetworkFunction(nf, chain);
      this.#undone.delete(id);
    } catch {
      // The VSP refused: it stays to be undone.
      return;
    }
    if (!this.#connected || this.#faultCount > faultsBefore) return;
    const inChains = [...this.#vsp.chains.values()].flat().map(networkFunctionId);
    expect([...inChains, ...this.#vsp.functions.keys()]).not.toContain(id);
  }

  async #reorder(): Promise<void> {
    const chain = this.#pick(chains);
    const order = names.filter(() => this.#chance(0.7));
    if (order.length === 0 || ![...this.#members.values()].some((member) => member.chain === chain)) return;
    this.#orders.set(chain, this.#chance(0.5) ? order : order.toReversed());
    this.#generation += 1;
    await this.#dataPath.setOrder({
      chain,
      functions: this.#orders.get(chain) ?? [],
      generation: this.#generation,
    });
  }

  async #restartVsp(): Promise<void> {
    this.#dataPath.vspLost();
    this.#connected = false;
    if (this.#chance(0.3)) return;
    this.#vsp = this.#startVsp();
    await this.#connect();
  }

  async #kill(): Promise<void> {
    this.#restartDaemon();
    await this.#connect();
  }

  async #connect(): Promise<void> {
    try {
      await this.#dataPath.vspStarted(this.#vsp);
      this.#connected = true;
    } catch (error) {
      if (!this.#faults) throw error;
    }
  }

  #restartDaemon(): void {
    this.#dataPath.close();
    this.#connected = false;
    this.#dataPath = this.#startDaemon();
  }

  #startDaemon(): DpuDataPath {
    return new DpuDataPath({
      isOnlyInstallation: () => true,
      dpuName: 'dpu',
      directory: this.#directory,
      attachments: {
        networkFunctions: () => [...this.#singles.values()],
        chainMembers: () => [...this.#members.values()],
      },
      onChains: () => {},
      onHosts: () => {},
      logger: silent,
    });
  }

  #startVsp(): MemoryVsp {
    const vsp = new MemoryVsp();
    vsp.hasChains = this.#chance(this.#chainsChance);
    vsp.canList = this.#canList;
    vsp.ports.set('host0-9', foreign);
    vsp.gate = async () => {
      if (!this.#faults || !this.#chance(0.15)) return;
      this.#faultCount += 1;
      throw new DpuError(this.#chance(0.5) ? 'UNAVAILABLE' : 'RESOURCE_EXHAUSTED', 'not now');
    };
    vsp.answer = async () => {
      if (!this.#faults || !this.#chance(0.1)) return;
      this.#faultCount += 1;
      throw new DpuError('DEADLINE_EXCEEDED', 'the answer was lost');
    };
    return vsp;
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}

function functionOf(chain: string | undefined, name: string): NetworkFunction {
  const owner = chain === undefined ? 9 : chains.indexOf(chain);
  const mac = (end: number) => `02:00:00:0${owner}:0${names.indexOf(name)}:0${end}`;
  return { input: mac(1), output: mac(2) };
}

test.each(Array.from({ length: 25 }, (_, index) => index + 1))(
  'whatever happens, the VSP has in the end what is wished for (seed %i)',
  async (seed) => {
    const walk = new Walk(seed);
    await walk.run(40);
    const vsp = await walk.finish();
    walk.expectConverged(vsp);
  },
);
