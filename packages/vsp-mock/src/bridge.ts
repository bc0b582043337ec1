/** The OPI bridge contract on the switch of a software DPU. */
import { isDeepStrictEqual } from 'node:util';
import { type BridgeContract, type BridgePort, DpuError, type LogicalBridge } from '@dpu-operator/sdk';
import type { DpuSide, DpuState, LinksByName } from './dpu-side.ts';
import { isOn } from './function-devices.ts';
import { bareName, representorName, vfOfBridgePort } from './names.ts';

export class Bridge implements BridgeContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws while there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createBridgePort(port: BridgePort): Promise<BridgePort> {
    const id = bareName(port.name, 'bridgePorts');
    const wanted = portAsked(port);
    const links = await this.#dpu().update((state) => {
      const existing = state.bridgePorts.get(id);
      if (existing && !isDeepStrictEqual(existing, wanted)) {
        throw new DpuError('ALREADY_EXISTS', `bridge port ${id} exists with other content; delete it first`);
      }
      requireFree(vfOfBridgePort(id), state, this.#dpu().handsOutVfs);
      return { ...state, bridgePorts: new Map(state.bridgePorts).set(id, wanted) };
    });
    return this.#answer(wanted, links);
  }

  async updateBridgePort(port: BridgePort): Promise<BridgePort> {
    const id = bareName(port.name, 'bridgePorts');
    const wanted = portAsked(port);
    const links = await this.#dpu().update((state) => {
      required(state.bridgePorts, id, 'bridge port');
      return { ...state, bridgePorts: new Map(state.bridgePorts).set(id, wanted) };
    });
    return this.#answer(wanted, links);
  }

  async deleteBridgePort(name: string): Promise<void> {
    const id = bareName(name, 'bridgePorts');
    await this.#dpu().update((state) => {
      required(state.bridgePorts, id, 'bridge port');
      return { ...state, bridgePorts: without(state.bridgePorts, id) };
    });
  }

  async listBridgePorts(): Promise<BridgePort[]> {
    const dpu = this.#dpu();
    return dpu.withOperStatus([...dpu.state.bridgePorts.values()]);
  }

  async createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    const id = bareName(bridge.name, 'logicalBridges');
    const wanted = bridgeAsked(bridge);
    await this.#dpu().update((state) => {
      const existing = state.logicalBridges.get(id);
      if (existing && !isDeepStrictEqual(existing, wanted)) {
        throw new DpuError('ALREADY_EXISTS', `logical bridge ${id} exists with other content; delete it first`);
      }
      return withLogicalBridge(state, id, wanted);
    });
    return { ...wanted, operStatus: 'UP' };
  }

  async updateLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    const id = bareName(bridge.name, 'logicalBridges');
    const wanted = bridgeAsked(bridge);
    await this.#dpu().update((state) => {
      required(state.logicalBridges, id, 'logical bridge');
      return withLogicalBridge(state, id, wanted);
    });
    return { ...wanted, operStatus: 'UP' };
  }

  async deleteLogicalBridge(name: string): Promise<void> {
    const id = bareName(name, 'logicalBridges');
    await this.#dpu().update((state) => {
      required(state.logicalBridges, id, 'logical bridge');
      const users = [...state.bridgePorts.values()].filter((port) => {
        return port.logicalBridges.some((used) => bareName(used, 'logicalBridges') === id);
      });
      if (users.length > 0) {
        const names = users.map((port) => bareName(port.name, 'bridgePorts')).join(', ');
        throw new DpuError('FAILED_PRECONDITION', `bridge ports ${names} are on logical bridge ${id}; move them first`);
      }
      return { ...state, logicalBridges: without(state.logicalBridges, id) };
    });
  }

  async listLogicalBridges(): Promise<LogicalBridge[]> {
    return [...this.#dpu().state.logicalBridges.values()].map((bridge) => ({ ...bridge, operStatus: 'UP' }));
  }

  async #answer(port: BridgePort, links: LinksByName | undefined): Promise<BridgePort> {
    const [answer] = await this.#dpu().withOperStatus([port], links);
    return answer ?? port;
  }
}

/** What a caller decides of a bridge port, under its full name. */
function portAsked({ name, macAddress, type, logicalBridges }: BridgePort): BridgePort {
  return { name: `bridgePorts/${bareName(name, 'bridgePorts')}`, macAddress, type, logicalBridges };
}

function bridgeAsked({ operStatus: _, ...asked }: LogicalBridge): LogicalBridge {
  return { ...asked, name: `logicalBridges/${bareName(asked.name, 'logicalBridges')}` };
}

function withLogicalBridge(state: DpuState, id: string, wanted: LogicalBridge): DpuState {
  if (!Number.isInteger(wanted.vlanId) || wanted.vlanId < 1 || wanted.vlanId > 4094) {
    throw new DpuError('INVALID_ARGUMENT', `logical_bridge.spec.vlan_id: ${wanted.vlanId} is not from 1 to 4094`);
  }
  const twin = [...state.logicalBridges].find(([other, { vlanId }]) => other !== id && vlanId === wanted.vlanId);
  if (twin) {
    const text = `logical_bridge.spec.vlan_id: logical bridge ${twin[0]} has VLAN ${wanted.vlanId}; take another`;
    throw new DpuError('INVALID_ARGUMENT', text);
  }
  return { ...state, logicalBridges: new Map(state.logicalBridges).set(id, wanted) };
}

function requireFree(vf: number, state: DpuState, handsOutVfs: boolean): void {
  if (!handsOutVfs) return;
  const chain = [...state.chains].find(([, { functions }]) => isOn(functions, vf));
  const owner = isOn([...state.networkFunctions.values()], vf) ? 'a network function' : chain && `chain ${chain[0]}`;
  if (owner === undefined) return;
  const text = `the VF of ${representorName(vf)} belongs to ${owner}; delete that first`;
  throw new DpuError('FAILED_PRECONDITION', text);
}

function required<T>(map: ReadonlyMap<string, T>, id: string, what: string): void {
  if (!map.has(id)) throw new DpuError('NOT_FOUND', `${what} ${id} does not exist`);
}

function without<T>(map: ReadonlyMap<string, T>, id: string): Map<string, T> {
  const copy = new Map(map);
  copy.delete(id);
  return copy;
}
