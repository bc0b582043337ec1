import { expect, test } from 'vitest';
import { thereAre } from './nearest.ts';

test.each([
  ['mut', ['vlan', 'mtu'], '; did you mean mtu? There are mtu, vlan'],
  ['hostpid', ['hostPID', 'hostPaths'], '; did you mean hostPID? There are hostPID, hostPaths'],
  ['colour', ['vlan', 'mtu'], '; there are mtu, vlan'],
  ['x', ['mtu'], '; there is mtu'],
  ['x', [], ''],
])('in place of %j there may be %j', (wrong, names, text) => expect(thereAre(wrong, names)).toBe(text));

test('a message lists twenty names', () => {
  const names = Array.from({ length: 25 }, (_, index) => `name-${String(index).padStart(2, '0')}`);
  expect(thereAre('other', names)).toMatch(/^; there are name-00, .*, name-19 and 5 more$/);
});
