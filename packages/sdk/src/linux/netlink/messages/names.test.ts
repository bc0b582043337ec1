import { expect, test } from 'vitest';
import { checkLinkName, isLongName, macBytes, macText } from './names.ts';

test.each(['net1', 'a', 'fifteen-bytes-0', 'eth0.5', 'émil', '"'])('%s is a name', (name) => {
  expect(checkLinkName(name)).toBe(name);
});

test.each([
  ['sixteen-bytes-00', '16 bytes'],
  ['é'.repeat(8), '16 bytes'],
  ['', 'no name'],
  ['.', 'no name'],
  ['..', 'no name'],
  ['a/b', 'no name'],
  ['a b', 'no name'],
  ['a:b', 'no name'],
  ['eth%d', 'no name'],
  ['a\0', 'no name'],
  ['a\u007f', 'no name'],
])('%j is refused: %s', (name, why) => {
  expect(() => checkLinkName(name)).toThrow(why);
});

test('a name to look for may be an alternative one, of any characters', () => {
  expect(isLongName('a/b %d')).toBe(false);
  expect(isLongName('enx001122334455667788')).toBe(true);
  for (const name of ['', 'a\0b', 'a'.repeat(128)]) expect(() => isLongName(name)).toThrow('cannot be the name');
});

test('MAC addresses', () => {
  expect(macText(macBytes('02:AA:00:00:00:01'))).toBe('02:aa:00:00:00:01');
  expect(macText(Buffer.alloc(0))).toBe('');
  expect(() => macBytes('02-aa-00-00-00-01')).toThrow('not a MAC address');
});
