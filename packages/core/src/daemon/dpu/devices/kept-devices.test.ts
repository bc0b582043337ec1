import { expect, test } from 'vitest';
import { KeptDevices } from './kept-devices.ts';

const devices = (...ids: string[]) => ids.map((id) => ({ id, healthy: true }));
const unhealthy = (...ids: string[]) => ids.map((id) => ({ id, healthy: false }));

test('offers what the VSP has, also when that becomes less', () => {
  const kept = new KeptDevices();
  kept.take(devices('a', 'b'));
  expect(kept.list()).toEqual(devices('a', 'b'));
  kept.take(devices('a'));
  expect(kept.list()).toEqual(devices('a'));
});

test.each([
  ['before the VSP notices', ['take', 'problem', 'lose']],
  ['after the VSP has noticed', ['take', 'lose', 'problem']],
])('keeps the devices of a card that is away, unhealthy: detection finds out %s', (_case, steps) => {
  const kept = new KeptDevices();
  const step = {
    take: () => kept.take(devices('a', 'b')),
    problem: () => kept.setProblem('the card is away'),
    lose: () => kept.take([]),
  };
  for (const name of steps) step[name as keyof typeof step]();
  expect(kept.list()).toEqual(unhealthy('a', 'b'));
  kept.take(devices('a', 'b'));
  expect(kept.list()).toEqual(unhealthy('a', 'b'));
  kept.setProblem(undefined);
  expect(kept.list()).toEqual(devices('a', 'b'));
});

test('keeps the devices that a VSP loses in steps', () => {
  const kept = new KeptDevices();
  for (const list of [devices('a', 'b', 'c'), devices('a'), []]) kept.take(list);
  expect(kept.list()).toEqual([]);
  kept.setProblem('the card is away');
  expect(kept.list()).toEqual(unhealthy('a', 'b', 'c'));
});

test('what the card had before does not come back with it', () => {
  const kept = new KeptDevices();
  kept.take(devices('a', 'b'));
  kept.take(devices('a'));
  kept.setProblem('the card is away');
  kept.setProblem(undefined);
  expect(kept.list()).toEqual(devices('a'));
});
