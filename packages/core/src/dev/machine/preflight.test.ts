import { expect, test } from 'vitest';
import { checkMachine, type Machine } from './preflight.ts';

const machine = (more: Partial<Machine> = {}): Machine => ({
  platform: 'linux',
  uid: 0,
  node: '24.1.0',
  has: () => true,
  ...more,
});

test('a machine with everything is fine', () => {
  expect(() => checkMachine(['ovs-vsctl'], machine())).not.toThrow();
});

test.each([
  [{ platform: 'darwin' }, 'needs Linux'],
  [{ node: '20.19.1' }, 'needs Node 24 or later, this is 20.19.1'],
  [{ uid: 1000 }, 'needs root'],
  [{ uid: undefined }, 'needs root'],
])('%o is told', (more, words) => {
  expect(() => checkMachine([], machine(more))).toThrow(words);
});

test('all that is missing is named at once, with where it comes from', () => {
  const has = (program: string) => program !== 'ip' && program !== 'ping' && program !== 'ovs-vsctl';
  expect(() => checkMachine(['ovs-vsctl', 'ethtool'], machine({ has }))).toThrow(
    'does not find on the PATH: ip (of iproute2), ping (of iputils-ping), ovs-vsctl (dpu.programs)',
  );
});
