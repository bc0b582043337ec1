/** The attachments on disk, as the DPUs look at them. */
import type { NetworkFunction } from '@dpu-operator/sdk';
import { type Attachment, bridgePortFor } from '../attach/record/attachment.ts';
import type { ChainMember } from '../datapath/chains/attached-index.ts';
import { describeUnreadable, type UnreadableRecord } from '../state/set-aside.ts';
import type { AttachmentsView } from './attachments-view.ts';
import type { DpuPods } from './node-dpus.ts';

/** The attachments as they are now. */
export interface AttachmentSource {
  list(): readonly Attachment[];
  /** Files that should hold an attachment and do not. */
  unreadable(): readonly UnreadableRecord[];
}

export function attachmentsView(source: AttachmentSource): AttachmentsView & DpuPods {
  const list = () => source.list();
  const of = (dpuName: string) => list().filter((attachment) => attachment.dpuName === dpuName);
  return {
    unreadable: () => source.unreadable().map(describeUnreadable),
    pods: (name) =>
      list()
        .filter((attachment) => needsDpu(attachment) && [attachment.dpuName, attachment.deviceDpu].includes(name))
        .map(podOf),
    bridgePorts: (dpuName) =>
      of(dpuName).flatMap((attachment) => (attachment.state === 'detaching' ? [] : (bridgePortFor(attachment) ?? []))),
    devices: (dpuName) => {
      const held = list().filter((one) => needsDpu(one) && (one.deviceDpu ?? one.dpuName) === dpuName);
      return new Map(held.map((one) => [one.deviceId, { network: one.dpuNetwork, pod: podOf(one) }]));
    },
    networkFunctions: (dpuName) => {
      const pairs = new Map<string, NetworkFunction>();
      for (const { networkFunction, state } of of(dpuName)) {
        if (!networkFunction || networkFunction.chain || state === 'detaching') continue;
        pairs.set(JSON.stringify(networkFunction), networkFunction);
      }
      return [...pairs.values()];
    },
    chainMembers: (dpuName) => {
      const members = new Map<string, ChainMember>();
      const detaching = new Set<string>();
      for (const { networkFunction, state } of of(dpuName)) {
        if (!networkFunction?.chain) continue;
        const { chain, ...pair } = networkFunction;
        const key = JSON.stringify(pair);
        members.set(key, { chain: chain.name, function: chain.function, networkFunction: pair });
        // With one of its interfaces a function goes.
        if (state === 'detaching') detaching.add(key);
      }
      return [...members].flatMap(([key, member]) => (detaching.has(key) ? [] : member));
    },
  };
}

/** Not where addresses alone are still to be given back, or the device went with its card, which ends with the DPU. */
const needsDpu = ({ deviceIsBack, functionIsAway }: Attachment): boolean => !deviceIsBack && !functionIsAway;

const podOf = ({ pod, containerId }: Attachment): string => (pod ? `${pod.namespace}/${pod.name}` : containerId);
