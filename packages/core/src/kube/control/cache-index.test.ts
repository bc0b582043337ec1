import { expect, test } from 'vitest';
import type { KubeObject } from '../objects/resource.ts';
import { CacheIndex } from './cache-index.ts';

interface Keyed extends KubeObject {
  keys: string[];
}

const object = (name: string, ...keys: string[]): Keyed => ({
  apiVersion: 'v1',
  kind: 'Keyed',
  metadata: { name },
  keys,
});

test('its keys are sorted, and made anew only when one comes or goes', () => {
  const index = new CacheIndex<Keyed>(({ keys }) => keys);
  const [one, two] = [object('one', 'b', 'a'), object('two', 'b')];
  index.put(undefined, one);
  index.put(undefined, two);
  const { keys } = index;
  expect(keys).toEqual(['a', 'b']);

  const again = object('one', 'b', 'a');
  index.put(one, again);
  expect(index.keys).toBe(keys);
  expect(index.get('a')).toEqual([again]);

  index.put(two, undefined);
  expect(index.keys).toBe(keys);
  const other = object('one', 'c', 'b');
  index.put(again, other);
  expect(index.keys).toEqual(['b', 'c']);
  expect([index.get('a'), index.count('b')]).toEqual([[], 1]);
  index.put(other, undefined);
  expect(index.keys).toEqual([]);
});
