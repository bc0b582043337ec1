/** The bridge contract. The plugin host has checked names and masks, and answers paging and `allow_missing`. */
import { isDeepStrictEqual } from 'node:util';
import { type BridgeContract, type BridgePort, DpuError, type LogicalBridge } from '@dpu-operator/sdk';
import type { DpuSide } from './dpu-side.ts';
import { fullName } from './layout.ts';
import { representorName, vfOfBridgePort } from './names.ts';
import type { DpuState } from './state.ts';
import type { LinksByName } from './wanted.ts';

export class Bridge implements BridgeContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws where there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createBridgePort(port: BridgePort): Promise<BridgePort> {
    const dpu = this.#dpu();
    const links = await dpu.update((state) => {
      if (isThere(state.bridgePorts.get(port.name), port)) return state;
      if (dpu.isOneNode) requireNoFunction(vfOfBridgePort(port.name), state);
      return withPort(state, port);
    });
    return this.#answer(port, links);
  }

  async updateBridgePort(port: BridgePort): Promise<BridgePort> {
    const links = await this.#dpu().update((state) => {
      required(state.bridgePorts, port.name);
      return withPort(state, port);
    });
    return this.#answer(port, links);
  }

  async deleteBridgePort(name: string): Promise<void> {
    await this.#dpu().update((state) => {
      required(state.bridgePorts, name);
      return { ...state, bridgePorts: without(state.bridgePorts, name) };
    });
  }

  async listBridgePorts(): Promise<BridgePort[]> {
    const dpu = this.#dpu();
    return dpu.withStatus([...dpu.state.bridgePorts.values()]);
  }

  async createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    await this.#dpu().update((state) => {
      if (isThere(state.logicalBridges.get(bridge.name), bridge)) return state;
      return withBridge(state, bridge);
    });
    return { ...bridge, operStatus: 'UP' };
  }

  async updateLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    await this.#dpu().update((state) => {
      required(state.logicalBridges, bridge.name);
      return withBridge(state, bridge);
    });
    return { ...bridge, operStatus: 'UP' };
  }

  async deleteLogicalBridge(name: string): Promise<void> {
    await this.#dpu().update((state) => {
      required(state.logicalBridges, name);
      const users = [...state.bridgePorts.values()].filter(({ logicalBridges }) => {
        return logicalBridges.some((used) => fullName(used) === name);
      });
      if (users.length > 0) {
        const names = users.map((port) => port.name).join(', ');
        throw new DpuError('FAILED_PRECONDITION', `${names} are on ${name}; move them first`);
      }
      return { ...state, logicalBridges: without(state.logicalBridges, name) };
    });
  }

  async listLogicalBridges(): Promise<LogicalBridge[]> {
    return [...this.#dpu().state.logicalBridges.values()].map((bridge) => ({ ...bridge, operStatus: 'UP' }));
  }

  async #answer(port: BridgePort, links: LinksByName): Promise<BridgePort> {
    const [answer] = await this.#dpu().withStatus([asked(port)], links);
    return answer ?? port;
  }
}

/** What callers decide of a resource. */
function asked<Resource extends { operStatus?: unknown }>({ operStatus: _, ...resource }: Resource) {
  return resource;
}

function withPort(state: DpuState, port: BridgePort): DpuState {
  return { ...state, bridgePorts: new Map(state.bridgePorts).set(port.name, asked(port)) };
}

function withBridge(state: DpuState, bridge: LogicalBridge): DpuState {
  const { name, vlanId } = bridge;
  if (!Number.isInteger(vlanId) || vlanId < 1 || vlanId > 4094) {
    throw new DpuError('INVALID_ARGUMENT', `logical_bridge.spec.vlan_id: ${vlanId} is not from 1 to 4094`);
  }
  const twin = [...state.logicalBridges.values()].find((other) => other.name !== name && other.vlanId === vlanId);
  if (twin) {
    const text = `logical_bridge.spec.vlan_id: ${twin.name} has VLAN ${vlanId} already; take another`;
    throw new DpuError('INVALID_ARGUMENT', text);
  }
  return { ...state, logicalBridges: new Map(state.logicalBridges).set(name, asked(bridge)) };
}

function isThere(existing: BridgePort | LogicalBridge | undefined, wanted: BridgePort | LogicalBridge): boolean {
  if (!existing) return false;
  if (isDeepStrictEqual(existing, asked(wanted))) return true;
  throw new DpuError('ALREADY_EXISTS', `${wanted.name} exists with other content; update it, or delete it first`);
}

/** On one node, network functions are given VFs, too. */
function requireNoFunction(vf: number, { functions }: DpuState): void {
  if (!functions.some(({ inputIndex, outputIndex }) => vf === inputIndex || vf === outputIndex)) return;
  const text = `${representorName(vf)} belongs to a network function; delete that first`;
  throw new DpuError('FAILED_PRECONDITION', text);
}

function required(map: ReadonlyMap<string, unknown>, name: string): void {
  if (!map.has(name)) throw new DpuError('NOT_FOUND', `${name} does not exist`);
}

function without<T>(map: ReadonlyMap<string, T>, name: string): Map<string, T> {
  const copy = new Map(map);
  copy.delete(name);
  return copy;
}
