import { expect, test } from 'vitest';
import { text } from './attributes.ts';
import { decodeAcknowledgement, decodeMessages, encodeMessage, NLMSG_ERROR } from './messages.ts';

test('a message is length, type, flags, sequence, port and body', () => {
  const bytes = encodeMessage(16, 5, 9, Buffer.from('aabb', 'hex'));
  expect(bytes.toString('hex')).toBe('12000000' + '1000' + '0500' + '09000000' + '00000000' + 'aabb0000');
});

test('several messages come out of what was received at once', () => {
  const received = Buffer.concat([encodeMessage(16, 2, 1, Buffer.from([1])), encodeMessage(3, 2, 1, Buffer.alloc(4))]);
  expect([...decodeMessages(received)].map(({ type, body }) => [type, body.length])).toEqual([
    [16, 1],
    [3, 4],
  ]);
});

test('what is cut off is no message', () => {
  expect([...decodeMessages(encodeMessage(16, 0, 1, Buffer.alloc(8)).subarray(0, 20))]).toEqual([]);
});

const message = (flags: number, ...parts: Buffer[]) => ({
  type: NLMSG_ERROR,
  flags,
  sequence: 1,
  body: Buffer.concat(parts),
});
const errno = (number: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(-number);
  return bytes;
};
const request = encodeMessage(16, 5, 1, Buffer.alloc(20));

test('an acknowledgement is errno 0', () => {
  expect(decodeAcknowledgement(message(0x100, errno(0), request.subarray(0, 16))).errno === 0).toBe(true);
});

test.each([
  ['repeats the request’s head', 0x300, request.subarray(0, 16)],
  ['repeats the whole request', 0x200, request],
])('an error that %s has the kernel’s words behind it', (_what, flags, repeated) => {
  const words = text(1, 'mtu less than device minimum');
  const answer = decodeAcknowledgement(message(flags, errno(22), repeated, words));
  expect(answer).toEqual({ errno: 22, reason: 'mtu less than device minimum' });
});

test('an error may come without words', () => {
  expect(decodeAcknowledgement(message(0x100, errno(19), request.subarray(0, 16)))).toEqual({ errno: 19 });
});
