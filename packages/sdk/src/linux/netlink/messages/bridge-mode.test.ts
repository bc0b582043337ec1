/** The bytes are those of `bridge link set dev … hwmode vepa`, without its empty rest: this machine's devices have no modes. */
import { expect, test } from 'vitest';
import { setBridgeModeRequest } from './bridge-mode.ts';

test.each([
  ['veb', '0000'],
  ['vepa', '0100'],
] as const)('%s is a number in what the device itself is told', (mode, number) => {
  const { type, body } = setBridgeModeRequest(4, mode);
  expect(type).toBe(19);
  const ifinfomsg = '07000000040000000000000000000000';
  expect(body.toString('hex')).toBe(`${ifinfomsg}14001a80060000000200000006000100${number}0000`);
});
