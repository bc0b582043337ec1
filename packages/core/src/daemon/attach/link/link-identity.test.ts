import type { LinkProperties } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import { identityOf, sameDevice } from './link-identity.ts';

const link = (properties: Partial<LinkProperties>): LinkProperties => ({
  name: 'net1',
  index: 7,
  mac: '02:00:00:00:00:01',
  mtu: 1500,
  up: true,
  running: true,
  ...properties,
});
const inPod = { name: 'eth7', index: 9, mac: '02:00:00:00:00:99' };

/** The number that the pod's namespace has for the host's. */
const host = 0;

test.each<[string, Partial<LinkProperties>, Partial<LinkProperties>, boolean]>([
  ['a VF', { pciAddress: '0000:3b:02.1' }, { pciAddress: '0000:3b:02.1' }, true],
  [
    'a VF whose driver has another permanent MAC',
    { pciAddress: '0000:3b:02.1', permanentMac: 'a' },
    { pciAddress: '0000:3b:02.1', permanentMac: 'b' },
    true,
  ],
  ['another VF', { pciAddress: '0000:3b:02.1' }, { pciAddress: '0000:3b:02.2' }, false],
  ['a dummy in place of a VF', { pciAddress: '0000:3b:02.1' }, { kind: 'dummy', index: 7 }, false],
  ['hardware off the PCI bus', { permanentMac: '02:11:11:11:11:11' }, { permanentMac: '02:11:11:11:11:11' }, true],
  [
    'other hardware off the PCI bus',
    { permanentMac: '02:11:11:11:11:11' },
    { permanentMac: '02:11:11:11:11:12' },
    false,
  ],
  [
    'a veth by its other end',
    { kind: 'veth', peer: { index: 6 } },
    { kind: 'veth', peer: { index: 6 }, linkNetnsId: host },
    true,
  ],
  [
    'a veth of another pair',
    { kind: 'veth', peer: { index: 6 } },
    { kind: 'veth', peer: { index: 5 }, linkNetnsId: host },
    false,
  ],
  ['a pair within the pod', { kind: 'veth', peer: { index: 6 } }, { kind: 'veth', peer: { index: 6 } }, false],
  [
    'a pair of the pod and another namespace',
    { kind: 'veth', peer: { index: 6 } },
    { kind: 'veth', peer: { index: 6 }, linkNetnsId: 3 },
    false,
  ],
  [
    'a veth whose other end was elsewhere before',
    { kind: 'veth', peer: { index: 6 }, linkNetnsId: 2 },
    { kind: 'veth', peer: { index: 6 }, linkNetnsId: 5 },
    true,
  ],
  [
    'a VXLAN device',
    { kind: 'vxlan', vxlan: { vni: 5, port: 4790 } },
    { kind: 'vxlan', vxlan: { vni: 5, port: 4790 }, linkNetnsId: host },
    true,
  ],
  [
    "the pod's own VXLAN device of that id",
    { kind: 'vxlan', vxlan: { vni: 5, port: 4790 } },
    { kind: 'vxlan', vxlan: { vni: 5, port: 4790 } },
    false,
  ],
  ['a link of another kind with the same ifindex', { kind: 'macvlan' }, { kind: 'dummy', index: 7 }, false],
  ['a link of the same kind with another ifindex', { kind: 'dummy' }, { kind: 'dummy', index: 8 }, false],
  ['a link that has nothing but its ifindex', { kind: 'dummy' }, { kind: 'dummy', index: 7 }, true],
])('%s is the same device, or told from it', (_what, before, now, same) => {
  expect(sameDevice(identityOf(link(before)), link({ ...inPod, ...now }), host)).toBe(same);
});

test('a device that did not leave hangs on nothing of another namespace', () => {
  const veth = link({ kind: 'veth', peer: { index: 6 } });
  expect(sameDevice(identityOf(veth), veth)).toBe(true);
  expect(sameDevice(identityOf(veth), link({ kind: 'veth', peer: { index: 6 }, linkNetnsId: 4 }))).toBe(false);
});

test('name and MAC are no part of an identity', () => {
  expect(identityOf(link({}))).toEqual({ ifindex: 7 });
});
