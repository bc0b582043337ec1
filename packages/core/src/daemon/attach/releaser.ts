/**
 * Undoes an attachment from its record. Nothing is remembered about how far attaching came: every part is undone if it
 * is there, so that undoing half an attachment, a whole one, or one undone before is the same work.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { type Ipam, needsInterface } from '../ipam/index.ts';
import type { DpuEntry, DpuIndex } from './collaborators.ts';
import type { HostReturn, Returned } from './link/host-return.ts';
import { type Attachment, describe, type IpamCall } from './record/attachment.ts';
import type { AttachmentStore } from './record/store.ts';

export interface ReleaserOptions {
  store: AttachmentStore;
  index: DpuIndex;
  hostReturn: Pick<HostReturn, 'returnToHost'>;
  ipam: Pick<Ipam, 'del'>;
  logger: Logger;
}

/** `deviceAwaited`: nothing of the pod's is left, and its device is still to come back as it was. */
export type Released = 'complete' | 'deviceAwaited';

export class Releaser {
  readonly #options: ReleaserOptions;

  constructor(options: ReleaserOptions) {
    this.#options = options;
  }

  /**
   * Everything is tried; the record goes when all succeeded, else the first error is thrown and the record stays. An
   * IPAM plugin that fails keeps no device from the next pod; a bridge port that stays does: undoing it later would
   * hit the next pod's.
   */
  async release(record: Attachment): Promise<Released> {
    const { store, logger } = this.#options;
    if (record.state !== 'detaching') store.update({ ...record, state: 'detaching' });
    const moving = Promise.withResolvers<void>();
    // To start a program holds this process up, and the kernel takes longer than the program.
    const freed = record.ipam && this.#freeAddresses(record.ipam, moving.promise);
    // A DHCP client gives its lease back over the interface.
    if (record.ipam && needsInterface(record.ipam)) await freed?.catch(() => {});
    const released = record.deviceIsBack ? Promise.resolve(undefined) : this.#releaseDevice(record, moving.resolve);
    const [device, addresses] = await Promise.allSettled([released.finally(moving.resolve), freed]);
    if (device.status === 'rejected') throw device.reason;
    const returned = device.value;
    if (returned && !returned.complete) {
      const { reason, functionIsAway } = returned;
      logger.warn({ reason, device: record.deviceId, attachment: describe(record) }, 'a device is not as it was yet');
      if (addresses.status === 'rejected') throw addresses.reason;
      this.#keepDevice(record, functionIsAway);
      return 'deviceAwaited';
    }
    if (addresses.status === 'rejected') {
      store.update({ ...(store.get(record) ?? record), deviceIsBack: true });
      throw addresses.reason;
    }
    store.delete(record);
    return 'complete';
  }

  async #freeAddresses(call: IpamCall, moving: Promise<void>): Promise<void> {
    if (!needsInterface(call)) await moving;
    await this.#options.ipam.del(call);
  }

  /** A chain is closed before it loses a device; all else is undone at once. */
  async #releaseDevice(record: Attachment, onMoving: () => void): Promise<Returned> {
    const disconnected = this.#disconnect(record);
    if (record.networkFunction?.chain) await disconnected.catch(() => {});
    const [disconnection, returned] = await Promise.allSettled([
      disconnected,
      this.#options.hostReturn.returnToHost(record, onMoving),
    ]);
    if (disconnection.status === 'rejected') throw disconnection.reason;
    if (returned.status === 'rejected') throw returned.reason;
    return returned.value;
  }

  async #disconnect(record: Attachment): Promise<void> {
    const { bridgePort, networkFunction } = record;
    if (bridgePort === undefined && networkFunction === undefined) return;
    const dpu = this.#dpuOf(record);
    if (!dpu) return;
    if (bridgePort !== undefined) await dpu.dataPath.deleteBridgePort(bridgePort);
    if (networkFunction) {
      const { chain, ...pair } = networkFunction;
      await dpu.dataPath.deleteNetworkFunction(pair, chain?.name);
      this.#unpair(record);
    }
  }

  /** Undefined where the DPU was torn down, with all that was on it. @throws DpuError while it is not there for a moment */
  #dpuOf({ dpuName }: Attachment): DpuEntry | undefined {
    const presence = this.#options.index.presence(dpuName);
    if (presence.is === 'there') return presence.value;
    if (presence.is === 'gone') return undefined;
    throw new DpuError('UNAVAILABLE', `DPU ${dpuName}: ${presence.reason}; see kubectl describe dpu ${dpuName}`);
  }

  /** The other interface of the pair is free for a new partner. */
  #unpair({ containerId, networkFunction }: Attachment): void {
    const { store } = this.#options;
    for (const other of store.list()) {
      const { networkFunction: pair, ...rest } = other;
      if (other.containerId !== containerId || pair?.input !== networkFunction?.input) continue;
      if (pair?.output === networkFunction?.output) store.update(rest);
    }
  }

  /** All that is undone: the addresses and the bridge port may be another pod's by the time that the device is back. */
  #keepDevice(record: Attachment, functionIsAway: true | undefined): void {
    const { store } = this.#options;
    const { ipam: _ipam, bridgePort: _port, networkFunction: _pair, ...rest } = store.get(record) ?? record;
    const { functionIsAway: _before, ...device } = rest;
    store.update({ ...device, ...(functionIsAway && { functionIsAway }) });
  }
}
