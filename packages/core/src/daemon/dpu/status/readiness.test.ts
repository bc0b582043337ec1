import { expect, test } from 'vitest';
import { type DpuState, hostsAway, readiness } from './readiness.ts';

const ready = { phase: 'ready', devices: 8, unhealthy: [] } as const;
const outage = { reason: 'PeerUnreachable', message: 'the peer is out of reach' };
const unreachable = { isKnown: true, outage };
const words = (state: Partial<DpuState>) => {
  const condition = readiness({ dpuName: 'd', side: 'dpu', vsp: ready, ...state });
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
};

test.each<[Partial<DpuState>, string | undefined]>([
  [{ vsp: { phase: 'connecting' } }, undefined],
  [{ vsp: { phase: 'absent', message: 'no socket' } }, 'False VspNotRunning: no socket; look at pod vsp-d'],
  [{ vsp: { phase: 'failed', message: 'no card' } }, 'False InitFailed: no card; look at the log of pod vsp-d'],
  [{}, 'True Ready: 8 devices'],
  [{ vsp: { ...ready, unhealthy: [{ id: 'vf0' }, { id: 'vf1' }] } }, 'True Ready: 8 devices, of which 2 unhealthy'],
  [
    { vsp: { ...ready, unhealthy: [{ id: 'vf0' }, { id: 'vf1', reason: 'no carrier' }] } },
    'True Ready: 8 devices, of which 2 unhealthy: vf1 (no carrier)',
  ],
  [{ listenProblem: 'port taken' }, 'False ChannelFailed: port taken'],
  [{ vspOutage: { reason: 'VspHangs', message: 'no answer' } }, 'False VspHangs: no answer'],
  [{ side: 'host' }, undefined],
  [{ side: 'host', peer: { isKnown: false } }, undefined],
  [{ side: 'host', peer: { isKnown: true } }, 'True Ready: 8 devices'],
  [{ side: 'host', peer: unreachable }, 'False PeerUnreachable: the peer is out of reach'],
  [
    { side: 'host', peer: unreachable, vsp: { phase: 'absent', message: 'no socket' } },
    'False VspNotRunning: no socket; look at pod vsp-d',
  ],
])('a DPU of %j says %j', (state, expected) => {
  expect(words(state)).toBe(expected);
});

test('hosts that are away are named, with the way to clean up', () => {
  const condition = hostsAway('d', ['b/y']);
  expect(condition).toMatchObject({ type: 'HostPorts', status: 'False', reason: 'HostsAway' });
  expect(condition.message).toContain('b/y');
  expect(condition.message).toContain('kubectl annotate dpu d dpu.config.openshift.io/forget-host=<host>');
});
