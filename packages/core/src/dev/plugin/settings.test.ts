import { expect, test } from 'vitest';
import { fillIn, sideSettings } from './settings.ts';

test('placeholders are filled in wherever they stand, and the command line goes first', () => {
  const manifest = { peer: '{dpuIp}', ports: [{ name: '{uplink}', address: '{hostIp}:1' }], vfs: 4, other: '{x}' };
  expect(sideSettings(manifest, { vfs: 2, to: ['{dpuIp}'] })).toEqual({
    peer: '192.0.2.2',
    ports: [{ name: 'dpu-uplink', address: '192.0.2.1:1' }],
    vfs: 2,
    to: ['192.0.2.2'],
    other: '{x}',
  });
});

test('a manifest that says nothing gives nothing', () => {
  expect(sideSettings(undefined, {})).toEqual({});
});

test('a machine has the namespace of its card, and what else it is called by', () => {
  const sriov = { netdev: 'enp1s0v{vf}', wire: { netns: '{card}', peer: 'port{vf}' } };
  const filled = fillIn({ pci: [{ sriov }, { netdevs: [{ name: '{uplink}' }] }] }, { card: '/run/netns/card' });
  expect(filled).toEqual({
    pci: [
      { sriov: { netdev: 'enp1s0v{vf}', wire: { netns: '/run/netns/card', peer: 'port{vf}' } } },
      { netdevs: [{ name: 'dpu-uplink' }] },
    ],
  });
});
