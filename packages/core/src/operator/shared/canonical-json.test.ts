import { expect, test } from 'vitest';
import { canonicalJson, hashOf } from './canonical-json.ts';

test('the order of keys makes no difference, that of a list does', () => {
  const one = { b: [1, { d: null, c: 'x"' }], a: { é: true, 10: 0, 9: 0, z: undefined } };
  const other = { a: { 9: 0, 10: 0, é: true }, b: [1, { c: 'x"', d: null }] };
  expect(canonicalJson(one)).toBe('{"a":{"10":0,"9":0,"é":true},"b":[1,{"c":"x\\"","d":null}]}');
  expect(canonicalJson(other)).toBe(canonicalJson(one));
  expect(canonicalJson([{ d: null, c: 'x"' }, 1])).not.toBe(canonicalJson([1, { d: null, c: 'x"' }]));
});

test('hashes stay as they are: pods carry them', () => {
  expect(hashOf({ b: [1, 'two'], a: { c: false } })).toBe('a5c3f80c9aa39fb9');
});
