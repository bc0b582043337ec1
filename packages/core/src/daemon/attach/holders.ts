/**
 * Who has a device that an ADD wants. The kubelet hands a device to the next pod before the last one's DEL, so a
 * holder on its way out is waited for; one that stays is named at once.
 */

import { CniError, cniCodes } from '../../cni-error.ts';
import { type Presence, unknown } from '../presence.ts';
import type { DeviceAllocations } from './collaborators.ts';
import { namespaceId } from './link/namespace.ts';
import { type Attachment, describe } from './record/attachment.ts';
import type { AttachmentStore } from './record/store.ts';

export interface Pod {
  namespace: string;
  name: string;
}

/** Who asks for a device. */
export interface Requester {
  containerId: string;
  pod?: Pod | undefined;
}

export interface HoldersOptions {
  store: AttachmentStore;
  /** What the kubelet says of devices; without it nothing is known. */
  allocations: DeviceAllocations | undefined;
  /** Undoes an attachment that has lost its pod, or waits for what undoes it already. */
  release: (holder: Attachment) => Promise<unknown>;
  /** Milliseconds that an ADD waits for a holder to leave. Default: 30 s, the usual grace period of a pod. */
  limitMs?: number | undefined;
}

/** What an ADD does about the holder of its device. */
export function judgeHolder(
  holder: Attachment,
  facts: { namespaceIsThere: boolean; allocation: Presence<Pod>; requester: Requester },
): 'release' | 'wait' | 'refuse' {
  const { namespaceIsThere, allocation, requester } = facts;
  if (holder.state === 'detaching' || !namespaceIsThere) return 'release';
  // Another interface of the same sandbox stays.
  if (holder.containerId === requester.containerId) return 'refuse';
  // It has ended; or an init container has it, which podresources does not list: then no more than time is lost.
  if (allocation.is === 'gone') return 'wait';
  // The holder may be of the same name: a StatefulSet's former pod, or this pod's former sandbox.
  return allocation.is === 'there' && isSamePod(allocation.value, requester.pod) ? 'wait' : 'refuse';
}

/** @throws CniError when the kubelet has given the device to another pod than the one that wants it */
function refuseOthersDevice(deviceId: string, allocation: Presence<Pod>, requester: Pod | undefined): void {
  if (allocation.is !== 'there' || isSamePod(allocation.value, requester)) return;
  const { namespace, name } = allocation.value;
  const text = `device ${deviceId} was given to pod ${namespace}/${name} by the kubelet`;
  throw new CniError(cniCodes.deviceInUse, `${text}: a pod gets the devices that it requests as a resource`);
}

export class Holders {
  readonly #options: HoldersOptions;

  constructor(options: HoldersOptions) {
    this.#options = options;
  }

  /**
   * Resolves when nobody has the device.
   *
   * @throws CniError naming who has it and stays, or has not left within the limit
   */
  async clear(deviceId: string, requester: Requester, signal?: AbortSignal): Promise<void> {
    const { store, release, limitMs = 30_000 } = this.#options;
    const allocation = (await this.#options.allocations?.podOf(deviceId)) ?? unknown('the kubelet is not asked');
    refuseOthersDevice(deviceId, allocation, requester.pod);
    if (!store.holderOf(deviceId)) return;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    const ended = AbortSignal.any([limit.signal, ...(signal ? [signal] : [])]);
    try {
      for (let holder = store.holderOf(deviceId); holder; holder = store.holderOf(deviceId)) {
        const namespaceIsThere = (await namespaceId(holder.netns)) === holder.netnsId;
        const verdict = judgeHolder(holder, { namespaceIsThere, allocation, requester });
        if (verdict === 'refuse') throw inUse(holder);
        if (verdict === 'wait') await this.#leaves(holder, ended);
        else await Promise.race([release(holder), aborted(ended)]);
        if (ended.aborted || (verdict === 'release' && store.holderOf(deviceId)?.id === holder.id)) throw inUse(holder);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws CniError. Synchronous: nothing runs between this and writing down the new holder. */
  refuseIfHeld(deviceId: string): void {
    const holder = this.#options.store.holderOf(deviceId);
    if (holder) throw inUse(holder);
  }

  /** Resolves when the record has gone, or is being released; or at the signal. */
  async #leaves(holder: Attachment, signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      const now = store.get(holder);
      if (now?.id !== holder.id || now.state === 'detaching') resolve();
    };
    const unsubscribe = store.onChange(look);
    look();
    await Promise.race([promise, aborted(signal)]);
    unsubscribe();
  }
}

const isSamePod = (pod: Pod, other: Pod | undefined): boolean =>
  pod.namespace === other?.namespace && pod.name === other.name;

function inUse(holder: Attachment): CniError {
  return new CniError(cniCodes.deviceInUse, `device ${holder.deviceId} is in use: it is ${describe(holder)}`);
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
