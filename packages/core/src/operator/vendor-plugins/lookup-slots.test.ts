import { expect, test } from 'vitest';
import { LookupSlots } from './lookup-slots.ts';

/** Lookups that go on until they are ended. */
class Lookups {
  readonly begun: string[] = [];
  readonly #slots: LookupSlots;
  readonly #ends = new Map<string, () => void>();

  constructor(slots: LookupSlots) {
    this.#slots = slots;
  }

  begin(registry: string, name: string, signal = new AbortController().signal): Promise<void> {
    return this.#slots.use(registry, signal, () => {
      this.begun.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#ends.set(name, resolve);
      return promise;
    });
  }

  end(name: string): void {
    this.#ends.get(name)?.();
  }

  async areBegun(names: readonly string[]): Promise<void> {
    await expect.poll(() => this.begun).toEqual(names);
  }
}

test('one registry never has all slots', async () => {
  const lookups = new Lookups(new LookupSlots({ most: 3, mostOfOne: 2 }));
  for (const name of ['h1', 'h2', 'h3', 'h4']) void lookups.begin('hangs', name);
  void lookups.begin('answers', 'a1');
  await lookups.areBegun(['h1', 'h2', 'a1']);
});

test('registries that wait have their turns one after the other', async () => {
  const lookups = new Lookups(new LookupSlots({ most: 2, mostOfOne: 1 }));
  for (const name of ['x1', 'x2', 'x3']) void lookups.begin('x', name);
  for (const name of ['y1', 'y2']) void lookups.begin('y', name);
  void lookups.begin('z', 'z1');
  const order = ['x1', 'y1', 'x2', 'y2', 'z1', 'x3'];
  for (const [place, name] of order.entries()) {
    await lookups.areBegun(order.slice(0, place + 2));
    lookups.end(name);
  }
});

test('one that is given up while it waits leaves its place, and one that fails its slot', async () => {
  const slots = new LookupSlots({ most: 2, mostOfOne: 1 });
  const lookups = new Lookups(slots);
  void lookups.begin('x', 'x1');
  const gaveUp = new AbortController();
  const second = lookups.begin('x', 'x2', gaveUp.signal);
  void lookups.begin('x', 'x3');
  gaveUp.abort(new Error('not wanted'));
  await expect(second).rejects.toThrow('not wanted');
  await lookups.areBegun(['x1']);
  lookups.end('x1');
  await lookups.areBegun(['x1', 'x3']);
  lookups.end('x3');
  const failing = () => Promise.reject(new Error('no'));
  await expect(slots.use('x', new AbortController().signal, failing)).rejects.toThrow('no');
  void lookups.begin('x', 'x4');
  await lookups.areBegun(['x1', 'x3', 'x4']);
});
