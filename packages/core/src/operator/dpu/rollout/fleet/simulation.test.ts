/** Rollouts over 20 cards and their 20 hosts, by a clock of their own: 40 DPUs, of which 4 change at a time. */
import { expect, test } from 'vitest';
import { runOf } from '../../../testing/plugin-runs.ts';
import { SimulatedFleet } from '../../../testing/simulated-fleet.ts';
import { idsOf } from './change.ts';
import { isChanging } from './fleet.ts';

const v1 = runOf('1');
const v2 = runOf('2');
const most = 4;

/** The invariants of every rollout. */
function fleetOf(seed = 1): SimulatedFleet {
  const fleet = new SimulatedFleet(seed, 20, v1);
  fleet.check = () => {
    const changing = [...fleet.dpus.values()].filter(({ status }) => isChanging(status));
    const names = new Set(changing.map(({ name }) => name));
    if (names.size > most) throw new Error(`${[...names]} change at once`);
    const both = changing.find(({ otherSide }) => names.has(otherSide));
    if (both) throw new Error(`${both.name} and ${both.otherSide} are one card`);
    const isFirst = fleet.count(({ status }) => status.plugin?.digest === fleet.wanted.digest) === 0;
    if (isFirst && names.size > 1) throw new Error(`${[...names]} try it together`);
  };
  return fleet;
}

const running = (fleet: SimulatedFleet, run = v2) => fleet.count(({ status }) => status.plugin?.digest === run.digest);
const failed = (fleet: SimulatedFleet) => fleet.count(({ status }) => status.rollout?.phase === 'Failed');

test.each([1, 2, 3, 4, 5])('a release reaches all, in whatever order things happen (seed %i)', (seed) => {
  const fleet = fleetOf(seed);
  fleet.wants(v2);
  const ms = fleet.run();
  expect(running(fleet)).toBe(40);
  expect(fleet.count(({ status }) => status.rollout !== undefined)).toBe(0);
  expect(fleet.figures).toMatchObject({ changingAtOnce: most, downAtOnce: most, everDown: 40 });
  // At most 21 s for the image, then 6 s each: two first ones, the others four at a time.
  expect(ms).toBeLessThan(120_000);
});

test.each([1, 2, 3, 4, 5])('a broken release takes one DPU down, and that one comes back (seed %i)', (seed) => {
  const fleet = fleetOf(seed);
  fleet.works = ({ version }) => version !== '2';
  fleet.wants(v2);
  fleet.run();
  expect([running(fleet, v1), failed(fleet)]).toEqual([40, 1]);
  expect(fleet.figures).toMatchObject({ changingAtOnce: 1, downAtOnce: 1, everDown: 1 });
  // Two minutes in which it must work, and 6 s each for the way there and back.
  expect(fleet.figures.longestDownMs).toBeLessThan(135_000);
  // Another release goes to all, the one that failed included.
  fleet.wants(runOf('3'));
  fleet.run();
  expect(running(fleet, runOf('3'))).toBe(40);
});

test('a release that breaks on some cards only stops with those that change then', () => {
  const fleet = fleetOf(2);
  fleet.works = ({ version }, name) => version !== '2' || name !== 'card-7';
  fleet.wants(v2);
  fleet.run();
  expect(failed(fleet)).toBe(1);
  expect(fleet.dpus.get('card-7')?.status.plugin?.version).toBe('1');
  const stopped = running(fleet);
  expect(stopped).toBeGreaterThan(0);
  fleet.works = () => true;
  fleet.retry('card-7', 'mended');
  fleet.run();
  expect(running(fleet)).toBe(40);
});

test('a broken release that is tried again and fails again takes down no other', () => {
  const fleet = fleetOf();
  fleet.works = ({ version }) => version !== '2';
  fleet.wants(v2);
  fleet.run();
  const [first] = [...fleet.dpus.values()].filter(({ status }) => status.rollout?.phase === 'Failed');
  fleet.retry(first?.name ?? '', 'now');
  fleet.run();
  expect(fleet.figures.everDown).toBe(1);
  expect(failed(fleet)).toBe(1);
});

test('a paused rollout ends what it began, and goes on when it may', () => {
  const fleet = fleetOf(3);
  fleet.wants(v2);
  fleet.run(20_000);
  fleet.policy({ paused: true });
  fleet.run();
  const before = running(fleet);
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(40);
  expect(fleet.count(({ status }) => isChanging(status))).toBe(0);
  fleet.policy({ paused: false });
  fleet.run();
  expect(running(fleet)).toBe(40);
});

test('a release that needs an approval stops behind the first of each side', () => {
  const fleet = fleetOf();
  fleet.policy({ requireApproval: true });
  fleet.wants(v2);
  fleet.run();
  expect(running(fleet)).toBe(2);
  fleet.policy({ requireApproval: true, approved: [idsOf(v2).release] });
  fleet.run();
  expect(running(fleet)).toBe(40);
});

test('pods that a budget keeps end in the deadline, and hold up no other DPU', () => {
  const fleet = fleetOf(4);
  const disturbing = { ...v2, disturbsTraffic: true };
  fleet.policy({ deadlineMinutes: 10 });
  fleet.keeps = (name) => name === 'host-3';
  fleet.wants(disturbing);
  const ms = fleet.run();
  expect(running(fleet, disturbing)).toBe(39);
  expect(fleet.dpus.get('host-3')?.status.rollout).toMatchObject({ phase: 'Failed', reason: 'DrainTimedOut' });
  expect(fleet.dpus.get('host-3')?.pod?.run).toBe(v1);
  // The deadline, and until it is that DPU's turn.
  expect(ms).toBeLessThan(12 * 60_000);
  fleet.keeps = () => false;
  fleet.retry('host-3', 'now');
  fleet.run();
  expect(running(fleet, disturbing)).toBe(40);
});

test('other settings for all go the same way, and stop where they do not work', () => {
  const fleet = fleetOf(5);
  const broken = runOf('1', { vfs: -1 });
  fleet.works = ({ digest }) => digest !== broken.digest;
  fleet.wants(broken);
  fleet.run();
  expect(fleet.figures.everDown).toBe(1);
  expect(running(fleet, v1)).toBe(40);
});
