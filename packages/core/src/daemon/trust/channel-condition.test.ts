import { expect, test } from 'vitest';
import { type ChannelState, channelCondition, channelStatus } from './channel-condition.ts';

const uri = 'spiffe://aaaa/host/n/d';
const peer = 'spiffe://aaaa/dpu/m/e';
const notAfter = new Date('2030-01-02T03:04:05Z');
const outage = (reason: string) => ({ reason, message: `because of ${reason}` });

const works: ChannelState = {
  side: 'host',
  security: 'mutualTLS',
  credentials: { uri, notAfter },
  certificateProblem: undefined,
  trustProblem: undefined,
  connected: [peer],
  workedFirst: undefined,
  refusal: undefined,
  renewalRefusal: undefined,
  failure: undefined,
  isListening: false,
};
const alone: ChannelState = { ...works, side: 'dpu', connected: [], isListening: true };

test.each<[string, Partial<ChannelState>, string | undefined]>([
  ['works', {}, 'True MutualTLS'],
  ['plain text', { security: 'plain', credentials: undefined }, 'True Plain'],
  ['no certificate', { credentials: undefined, certificateProblem: outage('NoCertificate') }, 'False NoCertificate'],
  ['nothing known of a certificate', { credentials: undefined }, undefined],
  ['denied', { credentials: undefined, certificateProblem: outage('RequestDenied') }, 'False RequestDenied'],
  ['not renewed yet', { certificateProblem: outage('NoCertificate') }, 'True MutualTLS'],
  ['works, and the next does not', { renewalRefusal: outage('RenewalRefused') }, 'True RenewalRefused'],
  [
    'refused, as is the next',
    { refusal: outage('RefusedByPeer'), renewalRefusal: outage('RenewalRefused') },
    'False RefusedByPeer',
  ],
  ['the DPU is refused, which was connected before', { refusal: outage('PeerExpired') }, 'False PeerExpired'],
  ['out of reach', { failure: outage('ChannelUnreachable') }, 'False ChannelUnreachable'],
  ['not connected yet', { connected: [] }, undefined],
])('host, %s: %s', (_what, state, expected) => {
  expect(says({ ...works, ...state })).toBe(expected);
});

test.each<[string, Partial<ChannelState>, string | undefined]>([
  ['no host is connected', {}, 'True MutualTLS'],
  ['a stranger knocked', { refusal: outage('PeerNotTrusted') }, 'False PeerNotTrusted'],
  ['a stranger knocked beside a host', { refusal: outage('PeerNotTrusted'), connected: [uri] }, 'True MutualTLS'],
  ['it cannot listen', { failure: outage('ChannelFailed'), isListening: false }, 'False ChannelFailed'],
  ['its VSP has not said where to listen', { isListening: false }, undefined],
  ['plain text', { security: 'plain', credentials: undefined }, 'True Plain'],
])('DPU side, %s: %s', (_what, state, expected) => {
  expect(says({ ...alone, ...state })).toBe(expected);
});

function says(state: ChannelState): string | undefined {
  const condition = channelCondition(state);
  return condition && `${condition.status} ${condition.reason}`;
}

test('the message names the peers, the end of the certificate and why it is not renewed', () => {
  const state = { ...works, certificateProblem: outage('NoCertificate') };
  expect(channelCondition(state)?.message).toBe(
    `with ${peer}; the certificate of this end is good until 2030-01-02T03:04:05.000Z, and is not renewed: because of NoCertificate`,
  );
});

test('the message says what of the trust is not followed', () => {
  const says = (state: Partial<ChannelState>) => channelCondition({ ...works, ...state, trustProblem: 'it is broken' });
  expect(says({})).toMatchObject({ status: 'True', message: expect.stringMatching(/^with .*Z\. it is broken$/) });
  expect(says({ refusal: outage('PeerNotTrusted') })?.message).toBe('because of PeerNotTrusted. it is broken');
  expect(says({ security: 'plain' })?.message).not.toContain('broken');
});

test('the status keeps the peers that were worked with while none is connected', () => {
  const identity = { identity: uri, notAfter: notAfter.toISOString() };
  expect(channelStatus(works)).toEqual({ ...identity, peers: [peer] });
  expect(channelStatus({ ...works, connected: [], workedFirst: peer })).toEqual({ ...identity, peers: [peer] });
  expect(channelStatus(alone)).toEqual(identity);
  expect(channelStatus({ ...works, security: 'plain' })).toBeUndefined();
});
