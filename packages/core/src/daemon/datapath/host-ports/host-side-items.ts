/** The bridge ports that a host wants of the daemon on its DPU: what the reconciler of a host side works on. */
import type { BridgePort } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { z } from 'zod';
import { Records } from '../../state/records.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { bridgePortId } from '../items.ts';
import type { Action, Wish } from '../plan.ts';
import type { DesiredItems } from '../reconciler.ts';

export interface AttachedPorts {
  /** The bridge ports of a DPU's attachments as they are on disk now. */
  bridgePorts(dpuName: string): BridgePort[];
  /**
   * Records of attachments that cannot be read; absent where they always can. While there are any, a port that no
   * attachment is seen to need may be one of theirs.
   */
  unreadable?(): readonly string[];
}

interface HostSideItemsOptions {
  dpuName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedPorts;
  /** Called when {@link HostSideItems.unreadable} has changed. */
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
}

const deletionSchema = z.object({ version: z.literal(1), name: z.string() });
type Deletion = z.infer<typeof deletionSchema>;

/** What attachments need, and what is to go although nothing can be seen of it. */
export class HostSideItems implements DesiredItems {
  readonly #ports: () => BridgePort[];
  readonly #isComplete: () => boolean;
  /** Deletions that the peer did not acknowledge, by id. */
  readonly #deletions: Records<Deletion>;
  /** Those of them that are asked for right now, and are not on disk. */
  readonly #orders = new Set<string>();

  constructor({ directory, attachments, dpuName, logger, onUnreadable }: HostSideItemsOptions) {
    this.#ports = () => attachments.bridgePorts(dpuName);
    this.#isComplete = () => (attachments.unreadable?.() ?? []).length === 0;
    this.#deletions = new Records({
      directory: `${directory}/bridge-port-deletions`,
      schema: deletionSchema,
      what: 'bridge port',
      logger,
      onUnreadable,
    });
  }

  unreadable(): readonly UnreadableRecord[] {
    return this.#deletions.unreadable();
  }

  close(): void {
    this.#deletions.close();
  }

  /** @param held what the peer has of this host: it goes where all attachments are known and none needs it */
  wishes(held: readonly BridgePort[]): Wish[] {
    const needed = new Map(this.#ports().map((port) => [bridgePortId(port.name), port]));
    const unneeded = this.#isComplete() ? held.map(({ name }) => bridgePortId(name)) : [];
    const dropped = new Set([...this.#deletions.keys(), ...this.#orders, ...unneeded]);
    return [
      ...[...needed.values()].map((port): Wish => ({ order: 'hold', item: { kind: 'bridgePort', port } })),
      ...[...dropped].filter((id) => !needed.has(id)).map((id): Wish => ({ order: 'drop', item: deletionOf(id) })),
    ];
  }

  /** Ids of ports that the peer is to delete and may not have heard of. */
  owed(): string[] {
    return [...new Set([...this.#deletions.keys(), ...this.#orders])];
  }

  order(name: string): void {
    this.#orders.add(bridgePortId(name));
  }

  orderDone(name: string): void {
    this.#orders.delete(bridgePortId(name));
  }

  /** The peer did not acknowledge it: also another daemon is to ask for it. */
  async remember(name: string): Promise<void> {
    const id = bridgePortId(name);
    await this.#deletions.put(id, { version: 1, name: id });
    this.#orders.delete(id);
  }

  async acknowledged({ item }: Action): Promise<void> {
    if (item.kind !== 'bridgePort') return;
    const id = bridgePortId(item.port.name);
    this.#orders.delete(id);
    await this.#deletions.delete(id);
  }
}

/** Its name is all that a deletion needs. */
const deletionOf = (id: string): Wish['item'] => ({
  kind: 'bridgePort',
  port: { name: id, macAddress: '', type: 'ACCESS', logicalBridges: [] },
});
