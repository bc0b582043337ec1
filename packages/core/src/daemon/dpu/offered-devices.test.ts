import { expect, test } from 'vitest';
import { OfferedDevices } from './offered-devices.ts';

const devices = (...ids: string[]) => ids.map((id) => ({ id, healthy: true }));
const unhealthy = (...ids: string[]) => ids.map((id) => ({ id, healthy: false }));

test('offers what the VSP has, also when that becomes less', () => {
  const offered = new OfferedDevices();
  offered.take(devices('a', 'b'));
  expect(offered.list()).toEqual(devices('a', 'b'));
  offered.take(devices('a'));
  expect(offered.list()).toEqual(devices('a'));
});

test.each([
  ['before the VSP notices', ['take', 'problem', 'lose']],
  ['after the VSP has noticed', ['take', 'lose', 'problem']],
])('keeps the devices of a card that is away, unhealthy: detection finds out %s', (_case, steps) => {
  const offered = new OfferedDevices();
  const step = {
    take: () => offered.take(devices('a', 'b')),
    problem: () => offered.setProblem('the card is away'),
    lose: () => offered.take([]),
  };
  for (const name of steps) step[name as keyof typeof step]();
  expect(offered.list()).toEqual(unhealthy('a', 'b'));
  offered.take(devices('a', 'b'));
  expect(offered.list()).toEqual(unhealthy('a', 'b'));
  offered.setProblem(undefined);
  expect(offered.list()).toEqual(devices('a', 'b'));
});

test('what the card had before does not come back with it', () => {
  const offered = new OfferedDevices();
  offered.take(devices('a', 'b'));
  offered.take(devices('a'));
  offered.setProblem('the card is away');
  offered.setProblem(undefined);
  expect(offered.list()).toEqual(devices('a'));
});
