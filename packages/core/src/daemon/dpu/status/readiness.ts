/** What a DPU's Ready condition says. Pure. */
import type { Device } from '@dpu-operator/sdk';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { annotations, type ConditionInput, dpuConditions } from '../../../api/index.ts';
import { firstTen } from '../../../first-ten.ts';
import type { Outage } from '../../peer/availability.ts';

export type VspState =
  /** Asked, no answer yet: whatever was said before still holds. */
  | { phase: 'connecting' }
  | { phase: 'absent'; message: string }
  | { phase: 'failed'; message: string }
  | { phase: 'ready'; devices: number; unhealthy: readonly Pick<Device, 'id' | 'reason'>[] };

export interface DpuState {
  dpuName: string;
  side: DpuSide;
  vsp: VspState;
  /** Why the VSP cannot be worked with although it was initialised. */
  vspOutage?: Outage | undefined;
  /** Host side: whether the DPU's daemon was heard of, and why it is out of reach. */
  peer?: { isKnown: boolean; outage?: Outage | undefined } | undefined;
  /** DPU side: why the daemon cannot listen for hosts. */
  listenProblem?: string | undefined;
}

/** undefined while it is not known: the condition stays as it is. */
export function readiness(state: DpuState): ConditionInput | undefined {
  const { vsp, vspOutage, peer, side, dpuName, listenProblem } = state;
  if (vsp.phase === 'connecting') return undefined;
  if (vsp.phase === 'absent') {
    return notReady('VspNotRunning', `${vsp.message}; look at pod vsp-${dpuName}`);
  }
  if (listenProblem) return notReady('ChannelFailed', listenProblem);
  if (vsp.phase === 'failed') return notReady('InitFailed', `${vsp.message}; look at the log of pod vsp-${dpuName}`);
  if (vspOutage) return notReady(vspOutage.reason, vspOutage.message);
  if (side === 'host') {
    if (!peer?.isKnown) return undefined;
    if (peer.outage) return notReady(peer.outage.reason, peer.outage.message);
  }
  const devices = vsp.devices === 1 ? '1 device' : `${vsp.devices} devices`;
  return { type: 'Ready', status: 'True', reason: 'Ready', message: `${devices}${sick(vsp.unhealthy)}` };
}

/** Those of which the VSP does not say why are only counted: an image for the Go operator never says. */
function sick(unhealthy: readonly Pick<Device, 'id' | 'reason'>[]): string {
  if (unhealthy.length === 0) return '';
  const reasons = unhealthy.flatMap(({ id, reason }) => (reason ? `${id} (${reason})` : []));
  const why = reasons.length > 0 ? `: ${firstTen(reasons)}` : '';
  return `, of which ${unhealthy.length} unhealthy${why}`;
}

/** HostPorts=False: hosts that have ports on a DPU side are not heard of. */
export function hostsAway(dpuName: string, away: readonly string[]): ConditionInput {
  const order = `kubectl annotate dpu ${dpuName} ${annotations.forgetHost}=<host>`;
  const message = `not heard of, their bridge ports stay: ${firstTen(away)}. To delete those of one that does not come back: ${order}`;
  return { type: dpuConditions.hostPorts, status: 'False', reason: 'HostsAway', message };
}

const notReady = (reason: string, message: string): ConditionInput => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
});
