import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type Body, BodyReader, largestBody } from './request-body.ts';

const ofMegabytes = (count: number) => Buffer.alloc(count * 1024 * 1024, 'x');

/** Not the text itself, which a matcher would print. */
const sizeOf = (body: Body) => ('text' in body ? body.text.length : body.fault);

/** A request whose caller has more to say. */
function held(reader: BodyReader, part: Buffer) {
  const request = new PassThrough({ highWaterMark: 2 * part.length });
  request.write(part);
  return { request, body: reader.read(request) };
}

test('a body has its size, up to the largest that there is', async () => {
  const reader = new BodyReader();
  const largest = held(reader, Buffer.alloc(largestBody, 'x'));
  largest.request.end();
  expect(sizeOf(await largest.body)).toBe(largestBody);
  const larger = held(reader, Buffer.alloc(largestBody, 'x'));
  larger.request.end('x');
  expect(sizeOf(await larger.body)).toBe('TooLarge');
});

test('of large bodies only so many are kept at a time; ordinary ones have their place meanwhile', async () => {
  const reader = new BodyReader();
  const answered = held(reader, ofMegabytes(7));
  const givenUp = held(reader, ofMegabytes(7));
  const refused = held(reader, ofMegabytes(7));
  const ordinary = held(reader, Buffer.from('{}'));
  ordinary.request.end();
  expect(sizeOf(await ordinary.body)).toBe(2);
  refused.request.end();
  expect(sizeOf(await refused.body)).toBe('Busy');
  // What callers gave up, or have asked, is kept no longer.
  answered.request.end();
  expect(sizeOf(await answered.body)).toBe(ofMegabytes(7).length);
  givenUp.request.destroy(new Error('the caller has gone'));
  await expect(givenUp.body).rejects.toThrow('the caller has gone');
  const after = Array.from({ length: 2 }, () => held(reader, ofMegabytes(7)));
  for (const { request } of after) request.end();
  const sizes = (await Promise.all(after.map(({ body }) => body))).map(sizeOf);
  expect(sizes).toEqual(after.map(() => ofMegabytes(7).length));
});
