/**
 * The logical bridges of DpuNetworks at a VSP: there while a bridge port, network function or chain names them. Nothing is
 * written down of them: ports, functions and chains are, and what was left by a crash is found when the VSP is asked what it has.
 */
import { type BridgePort, DpuError, type LogicalBridge } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { parseLogicalBridge } from '../../api/index.ts';
import { withoutNetwork } from './chains/network-fallback.ts';
import { bridgePortId } from './items.ts';
import { type BridgePortCalls, outcomeUnknown } from './target.ts';

export interface LogicalBridgeCalls {
  createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge>;
  deleteLogicalBridge(name: string, options: { allowMissing: boolean }): Promise<void>;
  listLogicalBridges(): Promise<LogicalBridge[]>;
}

const idOf = (name: string): string => name.replace(/^logicalBridges\//, '');
/** Ids of those that are DpuNetworks'. */
const networkBridges = (names: readonly string[]): string[] => names.map(idOf).filter((id) => parseLogicalBridge(id));

export class PortBridges implements BridgePortCalls {
  readonly #client: BridgePortCalls & LogicalBridgeCalls;
  readonly #logger: Logger;
  /** By id: being made, or there. */
  readonly #made = new Map<string, Promise<void>>();
  /** By id: how many ports and functions are being made on it. */
  readonly #creating = new Map<string, number>();
  readonly #deleting = new Map<string, Promise<void>>();
  /** By id of a port, or key of a function or chain: where it was made. */
  readonly #bridgesOf = new Map<string, readonly string[]>();

  constructor(client: BridgePortCalls & LogicalBridgeCalls, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  async createBridgePort(port: BridgePort): Promise<BridgePort> {
    const bridges = networkBridges(port.logicalBridges);
    if (bridges.length === 0) return this.#client.createBridgePort(port);
    const create = () => this.#client.createBridgePort(port);
    return this.createOn(bridgePortId(port.name), bridges, create, () => {
      const plain = withoutNetwork(port, "the DPU's VSP");
      this.#logger.warn({ port: port.name }, "the DPU's VSP has no logical bridges: networks are not kept apart");
      return this.#client.createBridgePort(plain);
    });
  }

  /**
   * Makes what is to be on some bridges, and these before it; those that it was on before and is no more it lets go of.
   *
   * @param user what it is known by, see {@link PortBridges.release}
   * @param instead what is made where the VSP serves no bridges. Default: the VSP's error
   */
  async createOn<T>(
    user: string,
    bridges: readonly string[],
    create: () => Promise<T>,
    instead?: () => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#makeOn(user, bridges, create, instead);
    } catch (error) {
      // Where it may be there, so is its bridge.
      if (outcomeUnknown(error)) {
        this.#bridgesOf.set(user, [...new Set([...(this.#bridgesOf.get(user) ?? []), ...bridges])]);
      } else if (DpuError.from(error).code !== 'ALREADY_EXISTS') {
        await Promise.all(bridges.map((id) => this.#release(id)));
      }
      throw error;
    }
  }

  async #makeOn<T>(
    user: string,
    bridges: readonly string[],
    create: () => Promise<T>,
    instead?: () => Promise<T>,
  ): Promise<T> {
    for (const id of bridges) this.#count(id, 1);
    try {
      const isServed = await this.#ensureAll(bridges, instead !== undefined);
      if (!isServed && instead) return await instead();
      const made = await create();
      const before = this.#bridgesOf.get(user) ?? [];
      this.#bridgesOf.set(user, bridges);
      await Promise.all(before.filter((id) => !bridges.includes(id)).map((id) => this.#release(id)));
      return made;
    } finally {
      for (const id of bridges) this.#count(id, -1);
    }
  }

  /** What was on them has gone. @param told where it was, for what another daemon may have made */
  async release(user: string, told: readonly string[] = []): Promise<void> {
    const bridges = this.#bridgesOf.get(user) ?? told;
    this.#bridgesOf.delete(user);
    await Promise.all(bridges.map((bridge) => this.#release(bridge)));
  }

  /** @returns false where the VSP serves none and that is no error */
  async #ensureAll(bridges: readonly string[], mayLack: boolean): Promise<boolean> {
    try {
      await Promise.all(bridges.map((id) => this.#ensure(id)));
      return true;
    } catch (error) {
      if (!mayLack || DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
      return false;
    }
  }

  async deleteBridgePort(name: string, options: { allowMissing: boolean }): Promise<void> {
    await this.#client.deleteBridgePort(name, options);
    await this.release(bridgePortId(name));
  }

  /** Also takes away bridges that no port is on. */
  async listBridgePorts(): Promise<BridgePort[]> {
    const ports = await this.#client.listBridgePorts();
    for (const { name, logicalBridges } of ports) {
      const bridges = networkBridges(logicalBridges);
      if (bridges.length > 0) this.#bridgesOf.set(bridgePortId(name), bridges);
    }
    const all = await this.#client.listLogicalBridges().catch(() => []);
    const own = networkBridges(all.map(({ name }) => name));
    for (const id of own) this.#made.set(id, Promise.resolve());
    await Promise.all(own.map((id) => this.#release(id)));
    return ports;
  }

  /** One that is being deleted is made again. */
  async #ensure(id: string): Promise<void> {
    await this.#deleting.get(id);
    const present = this.#made.get(id);
    if (present) return present;
    const bridge = { name: `logicalBridges/${id}`, vlanId: parseLogicalBridge(id)?.vlanId ?? 0 };
    const making = this.#client.createLogicalBridge(bridge).then(() => {});
    this.#made.set(id, making);
    making.catch(() => this.#made.delete(id));
    return making;
  }

  /** Where no port is on it, or comes to it. Whether one is, the VSP knows best: it refuses then. */
  #release(id: string): Promise<void> {
    const isUsed = [...this.#bridgesOf.values()].some((bridges) => bridges.includes(id)) || this.#creating.has(id);
    if (isUsed || !this.#made.delete(id)) return Promise.resolve();
    const deleting = this.#client
      .deleteLogicalBridge(id, { allowMissing: true })
      .catch((err) => {
        // A function of another daemon's time is on it, and takes it along.
        if (DpuError.from(err).code === 'FAILED_PRECONDITION') this.#made.set(id, Promise.resolve());
        else this.#logger.warn({ err, bridge: id }, 'a logical bridge that nobody needs is not deleted');
      })
      .finally(() => this.#deleting.delete(id));
    this.#deleting.set(id, deleting);
    return deleting;
  }

  #count(id: string, change: number): void {
    const count = (this.#creating.get(id) ?? 0) + change;
    if (count > 0) this.#creating.set(id, count);
    else this.#creating.delete(id);
  }
}
