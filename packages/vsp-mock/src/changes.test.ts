import { expect, it } from 'vitest';
import { Changes } from './changes.ts';
import { Serial } from './platform.ts';

/** A machine that keeps the letters that it is given, and cannot take an x. */
function machine() {
  const applied: string[] = [];
  let state = '';
  const changes = new Changes<string, number>({
    serial: new Serial(),
    state: () => state,
    apply: async (next) => {
      applied.push(next);
      if (next.includes('x')) throw new Error('no x');
      state = next;
      return next.length;
    },
  });
  const add = (letter: string) =>
    changes.make((before) => {
      if (before.includes(letter)) throw new Error(`${letter} is there`);
      return before + letter;
    });
  return { changes, applied, add };
}

it('applies what waits at once, each change on top of the one before', async () => {
  const { applied, add } = machine();
  expect(await Promise.all([add('a'), add('b'), add('c')])).toEqual([3, 3, 3]);
  expect(await add('d')).toBe(4);
  expect(applied).toEqual(['abc', 'abcd']);
});

it('tells a refusal to the one who is refused', async () => {
  const { applied, add } = machine();
  const outcomes = await Promise.allSettled([add('a'), add('a'), add('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(applied).toEqual(['ab']);
});

it('finds out which of them cannot be applied, and makes the others', async () => {
  const { applied, add } = machine();
  const outcomes = await Promise.allSettled([add('a'), add('x'), add('b')]);
  expect(outcomes).toMatchObject([{ value: 1 }, { reason: new Error('no x') }, { value: 2 }]);
  expect(applied).toEqual(['axb', 'a', 'ax', 'ab']);
});

it('applies nothing where nothing changes', async () => {
  const { changes, applied } = machine();
  expect(await changes.make((state) => state)).toBeUndefined();
  expect(applied).toEqual([]);
});
