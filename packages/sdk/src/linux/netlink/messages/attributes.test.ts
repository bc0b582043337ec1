import { expect, test } from 'vitest';
import { Attributes, attribute, eachAttribute, nested, text, u32 } from './attributes.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');

test.each([
  ['a byte, aligned', attribute(1, Buffer.from([7])), '0500010007000000'],
  ['32 bits', u32(4, 1400), '0800040078050000'],
  ['a structure of 32-bit numbers', u32(6, 3, 10, 100), '10000600030000000a00000064000000'],
  ['text with its NUL, aligned', text(3, 'net1'), '090003006e65743100000000'],
  ['nothing', attribute(9), '04000900'],
  ['attributes in an attribute', nested(18, text(1, 'veth')), '10001280' + '090001007665746800000000'],
])('an attribute of %s is written as the kernel reads it', (_what, bytes, expected) => {
  expect(hex(bytes)).toBe(expected);
});

test('attributes are read by type, whatever flags it has', () => {
  const attributes = new Attributes(Buffer.concat([u32(4, 1400), text(3, 'net1'), nested(18, text(1, 'veth'))]));
  expect(attributes.u32(4)).toBe(1400);
  expect(attributes.text(3)).toBe('net1');
  expect(attributes.nested(18)?.text(1)).toBe('veth');
  expect(attributes.u32(5)).toBeUndefined();
});

test('of several of one type all are seen in order', () => {
  expect([...eachAttribute(Buffer.concat([u32(1, 1), u32(1, 2)]))].map(([, value]) => value[0])).toEqual([1, 2]);
});

test.each([
  ['shorter than a header', '0400'],
  ['longer than what there is', '0900030061'],
  ['of a length that leads nowhere', '0000030061000000'],
])('an attribute %s is left out, and reading ends', (_what, bytes) => {
  const whole = u32(1, 7);
  expect([...eachAttribute(Buffer.concat([whole, Buffer.from(bytes, 'hex')]))]).toHaveLength(1);
});

test('a value shorter than its number is no number', () => {
  expect(new Attributes(attribute(4, Buffer.from([1]))).u32(4)).toBeUndefined();
});
