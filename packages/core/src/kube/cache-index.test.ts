import { expect, test } from 'vitest';
import { CacheIndex } from './cache-index.ts';
import type { KubeObject } from './resource.ts';

interface Worded extends KubeObject {
  words: string[];
}

const object = (name: string, ...words: string[]): Worded => ({
  apiVersion: 'v1',
  kind: 'Worded',
  metadata: { name },
  words,
});

test('its words are sorted, and made anew only when one comes or goes', () => {
  const index = new CacheIndex<Worded>(({ words }) => words);
  const [one, two] = [object('one', 'b', 'a'), object('two', 'b')];
  index.put(undefined, one);
  index.put(undefined, two);
  const { words } = index;
  expect(words).toEqual(['a', 'b']);

  const again = object('one', 'b', 'a');
  index.put(one, again);
  expect(index.words).toBe(words);
  expect(index.get('a')).toEqual([again]);

  index.put(two, undefined);
  expect(index.words).toBe(words);
  const other = object('one', 'c', 'b');
  index.put(again, other);
  expect(index.words).toEqual(['b', 'c']);
  expect([index.get('a'), index.count('b')]).toEqual([[], 1]);
  index.put(other, undefined);
  expect(index.words).toEqual([]);
});
