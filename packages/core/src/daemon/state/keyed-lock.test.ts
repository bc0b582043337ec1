import { expect, test } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

test('one key in order, other keys beside it, failures do not block', async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = lock.run('a', async () => {
    await gate.promise;
    log.push('a1');
    throw new Error('failed');
  });
  const second = lock.run('a', async () => log.push('a2'));
  await lock.run('b', async () => log.push('b'));
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await second;
  expect(log).toEqual(['b', 'a1', 'a2']);
});
