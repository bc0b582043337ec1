import { expect, test } from 'vitest';
import { gone, there, unknown } from '../../presence.ts';
import { hardwareMissing, inUse, isUsed, pluginGone, saidOf, unreadableRecords } from './dpu-conditions.ts';

test('names who uses a DPU, each once, the same words for pods and hosts and on both sides', () => {
  expect(inUse({ pods: ['shop/b', 'shop/a', 'shop/b'], hosts: [], unreadable: [] }).message).toBe(
    'it is deleted once nothing uses it any more: pods shop/a, shop/b',
  );
  expect(inUse({ pods: ['shop/a'], hosts: ['node-2', 'node-1'], unreadable: [] }).message).toBe(
    'it is deleted once nothing uses it any more: pods shop/a; ports of hosts node-1, node-2',
  );
  expect(pluginGone('acme', { pods: [], hosts: ['node-1'], unreadable: [] }).message).toContain(
    'uses it any more: ports of hosts node-1',
  );
});

test('names ten, and says how many more', () => {
  const pods = Array.from({ length: 12 }, (_, i) => `p${i}`);
  expect(inUse({ pods, hosts: [], unreadable: [] }).message).toMatch(/p7 and 2 more$/);
});

test('says what is missing and what to do where it is gone for good', () => {
  expect(hardwareMissing('card-host', 'PCI function 0000:01:00.0 is not there')).toMatchObject({
    status: 'False',
    reason: 'HardwareMissing',
    message: expect.stringMatching(/^PCI function 0000:01:00.0 is not there; .*: kubectl delete dpu card-host$/),
  });
});

test('is used by pods or by hosts', () => {
  expect([
    isUsed({ pods: [], hosts: [], unreadable: [] }),
    isUsed({ pods: ['a'], hosts: [], unreadable: [] }),
    isUsed({ pods: [], hosts: ['h'], unreadable: [] }),
  ]).toEqual([false, true, true]);
});

test('records that cannot be read may be of pods that use it', () => {
  const users = { pods: [], hosts: [], unreadable: ['/a.json (no JSON)'] };
  expect(isUsed(users)).toBe(true);
  expect(inUse(users).message).toContain('/a.json (no JSON)');
  expect(unreadableRecords(users)).toMatchObject([{ type: 'Records', status: 'False', reason: 'Unreadable' }]);
  expect(unreadableRecords({ pods: ['a'], hosts: [], unreadable: [] })).toEqual([]);
});

test('a condition that is not known yet stays as it was said', () => {
  const now = { type: 'HostPorts', status: 'False', reason: 'HostsAway', message: 'away: a, b' } as const;
  const before = { ...now, message: 'away: a', lastTransitionTime: '2026-01-01T00:00:00Z' };
  expect(saidOf('HostPorts', there(now), [before])).toEqual([now]);
  expect(saidOf('HostPorts', gone, [before])).toEqual([]);
  expect(saidOf('HostPorts', unknown('the daemon has just started'), [before])).toEqual([before]);
  expect(saidOf('HostPorts', unknown('the daemon has just started'), undefined)).toEqual([]);
});
