// #region contract:bridge
/** The bridge contract: which virtual functions are ports of which broadcast domains. */
import { type BridgeContract, type BridgePort, DpuError, type LogicalBridge } from '@dpu-operator/sdk';
import type { Card } from './card.ts';
import type { InOrder } from './in-order.ts';
import { Resources } from './resources.ts';

export class Bridge implements BridgeContract {
  readonly #card: Card;
  readonly #inOrder: InOrder;
  readonly #bridges = new Resources<LogicalBridge>();
  readonly #ports = new Resources<BridgePort>();

  constructor(card: Card, inOrder: InOrder) {
    this.#card = card;
    this.#inOrder = inOrder;
  }

  createBridgePort(port: BridgePort): Promise<BridgePort> {
    return this.#inOrder.run(() => this.#ports.create(up(port), (it) => this.#setPort(it)));
  }

  updateBridgePort(port: BridgePort): Promise<BridgePort> {
    return this.#inOrder.run(() => this.#ports.update(up(port), (it) => this.#setPort(it)));
  }

  deleteBridgePort(name: string): Promise<void> {
    return this.#inOrder.run(() => this.#ports.delete(name, (it) => this.#card.removePort(it)));
  }

  async listBridgePorts(): Promise<BridgePort[]> {
    return this.#ports.list();
  }

  createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    return this.#inOrder.run(() => this.#bridges.create(up(bridge), (it) => this.#card.setBridge(it)));
  }

  updateLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    return this.#inOrder.run(() => this.#bridges.update(up(bridge), (it) => this.#card.setBridge(it)));
  }

  deleteLogicalBridge(name: string): Promise<void> {
    return this.#inOrder.run(() => {
      const user = this.#ports.list().find(({ logicalBridges }) => logicalBridges.map(fullName).includes(name));
      if (user) throw new DpuError('FAILED_PRECONDITION', `${user.name} is on ${name}; move or delete it first`);
      return this.#bridges.delete(name, (it) => this.#card.removeBridge(it));
    });
  }

  async listLogicalBridges(): Promise<LogicalBridge[]> {
    return this.#bridges.list();
  }

  /** The operator takes everything away: ports before the bridges that they are on. */
  async clear(): Promise<void> {
    for (const { name } of this.#ports.list()) await this.deleteBridgePort(name);
    for (const { name } of this.#bridges.list()) await this.deleteLogicalBridge(name);
  }

  async #setPort(port: BridgePort): Promise<void> {
    // A bare number that names no bridge is a placeholder: it means the default bridge.
    const named = port.logicalBridges.filter((name) => !/^\d+$/.test(name) || this.#bridges.has(fullName(name)));
    for (const name of named) this.#bridges.get(fullName(name));
    if (port.type === 'ACCESS' && named.length > 1) {
      throw new DpuError('INVALID_ARGUMENT', `an ACCESS port is on one logical bridge, not on ${named.join(', ')}`);
    }
    await this.#card.setPort(port);
  }
}

/** What the card has taken, it serves. Ask the card here if its links can be down. */
function up<Resource extends BridgePort | LogicalBridge>(resource: Resource): Resource {
  return { ...resource, operStatus: 'UP' };
}

function fullName(name: string): string {
  return name.startsWith('logicalBridges/') ? name : `logicalBridges/${name}`;
}
// #endregion
