/** What a DPU's Channel condition and its `status.channel` say. Pure. */
import { type ChannelSpec, type ChannelStatus, type ConditionInput, dpuConditions } from '../../api/index.ts';
import { firstTen } from '../../first-ten.ts';
import type { Side } from '../../trust/identity.ts';
import type { Outage } from '../peer/availability.ts';
import type { Credentials } from './credentials.ts';

export interface ChannelState {
  side: Side;
  security: ChannelSpec['security'];
  /** This end's, unless it has expired. */
  credentials: Pick<Credentials, 'uri' | 'notAfter'> | undefined;
  /** Why there is no certificate, or why it is not renewed. */
  certificateProblem: Outage | undefined;
  /** What of the trust that was given is not followed, and why. */
  trustProblem: string | undefined;
  /** SPIFFE IDs of the other ends that are connected. */
  connected: readonly string[];
  /** SPIFFE ID of the other end that was worked with first. */
  workedFirst: string | undefined;
  /** Why the other end is refused, or refuses this one. */
  refusal: Outage | undefined;
  /** Why the connection that is to follow the present one is refused, by either end. */
  renewalRefusal: Outage | undefined;
  /** Why the channel cannot be used: a host does not reach the DPU side, or that cannot listen. */
  failure: Outage | undefined;
  /** DPU side: whether it listens. */
  isListening: boolean;
}

/** @returns undefined while it is not known: the condition stays as it is */
export function channelCondition(state: ChannelState): ConditionInput | undefined {
  const said = conditionOf(state);
  if (!said || state.security === 'plain' || state.trustProblem === undefined) return said;
  return { ...said, message: `${said.message}. ${state.trustProblem}` };
}

function conditionOf(state: ChannelState): ConditionInput | undefined {
  const { side, security, credentials, certificateProblem, connected } = state;
  const { refusal, renewalRefusal, failure, isListening } = state;
  if (security === 'plain') return condition('True', 'Plain', plain[side]);
  if (!credentials) return certificateProblem && failed(certificateProblem);
  if (failure) return failed(failure);
  if (side === 'host' && refusal) return failed(refusal);
  if (connected.length > 0 && renewalRefusal) {
    // It works still: pods are not to suffer before they have to.
    return condition('True', renewalRefusal.reason, `with ${firstTen(connected)}; ${renewalRefusal.message}`);
  }
  if (connected.length > 0) return secured(`with ${firstTen(connected)}`, credentials, certificateProblem);
  if (side === 'host' || !isListening) return undefined;
  return refusal ? failed(refusal) : secured('no host is connected', credentials, certificateProblem);
}

/** @returns undefined with plain text */
export function channelStatus({
  security,
  credentials,
  connected,
  workedFirst,
}: ChannelState): ChannelStatus | undefined {
  if (security === 'plain' || !credentials) return undefined;
  // Never who is only accepted: after a reboot this says whom a host keeps to.
  const peers = connected.length > 0 || workedFirst === undefined ? [...connected] : [workedFirst];
  return {
    identity: credentials.uri,
    notAfter: credentials.notAfter.toISOString(),
    ...(peers.length > 0 && { peers }),
  };
}

const plain: Record<Side, string> = {
  host: 'plain text: this host believes and obeys whoever answers at the address of the DPU side',
  dpu: 'plain text: whoever reaches the port of the channel is obeyed, under whatever name it gives itself',
};

function secured(
  peers: string,
  { notAfter }: Pick<Credentials, 'notAfter'>,
  certificateProblem: Outage | undefined,
): ConditionInput {
  const certificate = `the certificate of this end is good until ${notAfter.toISOString()}`;
  const renewal = certificateProblem ? `, and is not renewed: ${certificateProblem.message}` : '';
  return condition('True', 'MutualTLS', `${peers}; ${certificate}${renewal}`);
}

const failed = ({ reason, message }: Outage): ConditionInput => condition('False', reason, message);

const condition = (status: 'True' | 'False', reason: string, message: string): ConditionInput => ({
  type: dpuConditions.channel,
  status,
  reason,
  message,
});
