import { expect, test } from 'vitest';
import { gone, there, unknown } from '../../presence.ts';
import { type DeviceFacts, placeDevice, wantedMemberships } from './device-placing.ts';

const [blue, red] = [{ name: 'blue', logicalBridge: 'vlan-1' }, { name: 'red' }];
const facts = (more: Partial<DeviceFacts>): DeviceFacts => ({
  wanted: blue,
  current: undefined,
  holder: undefined,
  allocation: undefined,
  ...more,
});

test('a device that is where it is wanted is open', () => {
  expect(placeDevice(facts({ current: { ...blue } }))).toEqual({ network: blue, isOpen: true });
});

test('before it changes the kubelet is asked, and meanwhile nobody gets it', () => {
  expect(placeDevice(facts({}))).toEqual({ network: undefined, isOpen: false, asks: true });
  expect(placeDevice(facts({ allocation: gone }))).toEqual({ network: blue, isOpen: true });
  expect(placeDevice(facts({ allocation: there('shop/a') }))).toEqual({
    network: undefined,
    isOpen: false,
    waitsFor: 'shop/a',
  });
  expect(placeDevice(facts({ allocation: unknown('away') }))).toMatchObject({ isOpen: false, waitsFor: 'away' });
});

test('what a pod has stays in the network that it had, whatever the daemon knew', () => {
  const holder = { network: red, pod: 'shop/a' };
  for (const current of [blue, red, undefined]) {
    expect(placeDevice(facts({ current, holder }))).toEqual({ network: red, isOpen: false, waitsFor: 'shop/a' });
  }
  expect(placeDevice(facts({ wanted: red, holder }))).toEqual({ network: red, isOpen: true });
});

test('another bridge of the same network is a change too', () => {
  const holder = { network: { name: 'blue' }, pod: 'shop/a' };
  expect(placeDevice(facts({ holder }))).toMatchObject({ network: { name: 'blue' }, waitsFor: 'shop/a' });
});

test('memberships are by number, and words that are none name none', () => {
  const wishes = [
    { name: 'blue', vfs: '0-1,3', logicalBridge: 'vlan-1' },
    { name: 'red', vfs: 'all' },
  ];
  expect([...wantedMemberships(wishes)]).toEqual([
    [0, blue],
    [1, blue],
    [3, blue],
  ]);
});
