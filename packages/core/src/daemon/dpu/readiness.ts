/** What a DPU's Ready condition says. Pure. */

import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { ConditionInput } from '../../api/index.ts';
import type { PeerState } from '../channel/peer.ts';

export type VspState =
  /** Asked, no answer yet: whatever was said before still holds. */
  | { phase: 'connecting' }
  | { phase: 'absent'; message: string }
  | { phase: 'failed'; message: string }
  | { phase: 'ready'; devices: number; unhealthy: number; numVfsProblem?: string };

export interface DpuState {
  dpuName: string;
  side: DpuSide;
  vsp: VspState;
  /** Host side: the channel to the DPU's daemon; undefined until it is known. */
  peer?: PeerState | undefined;
  /** DPU side: why the daemon cannot listen for hosts. */
  listenProblem?: string | undefined;
}

/** undefined while it is not known: the condition stays as it is. */
export function readiness(state: DpuState): ConditionInput | undefined {
  const { vsp, peer, side, dpuName, listenProblem } = state;
  if (vsp.phase === 'connecting') return undefined;
  if (vsp.phase === 'absent') {
    return notReady('VspNotRunning', `${vsp.message}; look at pod vsp-${dpuName}`);
  }
  if (listenProblem) return notReady('ChannelFailed', listenProblem);
  if (vsp.phase === 'failed') return notReady('InitFailed', `${vsp.message}; look at the log of pod vsp-${dpuName}`);
  if (vsp.numVfsProblem) return notReady('NumVfsRefused', vsp.numVfsProblem);
  if (side === 'host') {
    if (!peer) return undefined;
    if (!peer.reachable) return notReady(peer.reason, peer.message);
  }
  const devices = vsp.devices === 1 ? '1 device' : `${vsp.devices} devices`;
  const message = vsp.unhealthy > 0 ? `${devices}, of which ${vsp.unhealthy} unhealthy` : devices;
  return { type: 'Ready', status: 'True', reason: 'Ready', message };
}

/** Ready=False for a DPU that is to go and is still needed. */
export function inUse(pods: readonly string[]): ConditionInput {
  return notReady('AttachmentsInUse', `it is deleted once these pods are: ${listed(pods)}`);
}

/** Ready=False for a DPU whose plugin nobody wants any more. */
export function pluginGone(plugin: string, pods: readonly string[]): ConditionInput {
  const words = `VendorPlugin ${plugin}, which detected it, is gone: it is deleted once these pods are`;
  return notReady('PluginGone', `${words}, unless the VendorPlugin comes back: ${listed(pods)}`);
}

/** The first ten names, and how many more there are. */
export function listed(pods: readonly string[]): string {
  const named = [...new Set(pods)].sort();
  return named.slice(0, 10).join(', ') + (named.length > 10 ? ` and ${named.length - 10} more` : '');
}

const notReady = (reason: string, message: string): ConditionInput => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
});
