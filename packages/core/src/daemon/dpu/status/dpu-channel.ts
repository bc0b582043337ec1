/** What a DPU says of its channel to the other side. */
import type { ChannelStatus, ConditionInput } from '../../../api/index.ts';
import type { HostDataPath } from '../../datapath/host-ports/host-data-path.ts';
import type { Outage } from '../../peer/availability.ts';
import type { ChannelListener } from '../../peer/channel-listener.ts';
import { type ChannelState, channelCondition, channelStatus } from '../../trust/channel-condition.ts';
import type { ChannelEnd } from '../../trust/channel-end.ts';

export interface ChannelReport {
  /** Undefined leaves the condition as it is. */
  condition: ConditionInput | undefined;
  status: ChannelStatus | undefined;
}

type End = Pick<ChannelEnd, 'security' | 'credentials' | 'problem' | 'trustProblem' | 'workedFirst'>;

export function hostChannel(
  end: End,
  host: Pick<HostDataPath, 'peerIdentity' | 'channelProblem' | 'renewalProblem' | 'outage'>,
): ChannelReport {
  const { outage, peerIdentity } = host;
  // Any other outage is one of what lies behind the channel.
  const failure = outage?.reason === 'PeerUnreachable' ? { ...outage, reason: 'ChannelUnreachable' } : undefined;
  return report({
    ...stateOf(end),
    side: 'host',
    connected: peerIdentity === undefined ? [] : [peerIdentity],
    refusal: host.channelProblem,
    renewalRefusal: host.renewalProblem,
    failure,
    isListening: false,
  });
}

export function dpuChannel(end: End, { gate, problem }: Pick<ChannelListener, 'gate' | 'problem'>): ChannelReport {
  const failure: Outage | undefined = problem === undefined ? undefined : { reason: 'ChannelFailed', message: problem };
  return report({
    ...stateOf(end),
    side: 'dpu',
    connected: gate?.hosts() ?? [],
    refusal: gate?.refusal,
    renewalRefusal: undefined,
    failure,
    isListening: gate !== undefined,
  });
}

function stateOf({ security, credentials, problem, trustProblem, workedFirst }: End) {
  return {
    security,
    credentials,
    certificateProblem: problem,
    trustProblem,
    workedFirst,
  };
}

const report = (state: ChannelState): ChannelReport => ({
  condition: channelCondition(state),
  status: channelStatus(state),
});
