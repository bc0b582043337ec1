import { expect, test } from 'vitest';
import { JsonStream } from './json-stream.ts';

const objects = [{ a: '}{' }, { b: { c: 'a \\" } \\\\' } }, {}];

test.each([1, 2, 7, 1_000])('objects come out whole, in pieces of %i characters', (size) => {
  const stream = new JsonStream();
  const text = objects.map((each) => JSON.stringify(each)).join('');
  const found: unknown[] = [];
  for (let at = 0; at < text.length; at += size) found.push(...stream.read(text.slice(at, at + size)));
  expect(found).toEqual(objects);
});
