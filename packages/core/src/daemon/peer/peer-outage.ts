/** What a host says of a DPU side that it cannot work with. Pure. */
import type { DpuError } from '@dpu-operator/sdk';
import type { Outage } from './availability.ts';

export function peerOutage(address: string, { code, message }: DpuError): Outage {
  const who = `the DPU side's daemon at ${address}`;
  if (code === 'FAILED_PRECONDITION') {
    const what = `${who} answers, but its DPU does not work: look at that side's dpu object`;
    return { reason: 'PeerNotReady', message: what };
  }
  const advice = 'check that the dpu-daemon pod runs there and the network between the nodes';
  return { reason: 'PeerUnreachable', message: `${who} is out of reach (${message}): ${advice}` };
}

export function peerLeaving(address: string): Outage {
  const message = `the DPU side at ${address} is to go and takes no new pods; those that are there stay. It goes once no host has bridge ports on it: delete the pods that use this DPU`;
  return { reason: 'PeerLeaving', message };
}
