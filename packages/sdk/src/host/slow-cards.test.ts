/** Cards that take their time, with a hundred requests in flight: in the real host, by the real clock. */
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { applyEach } from '../contract/apply-each.ts';
import type { Limits } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { memoryDataPath, memoryPlugin, serve, vspClient } from './testing.ts';

const init = { dpuMode: true, dpuIdentifier: 'test-1' };
const port = (vf: number) => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS' as const,
  logicalBridges: [],
});
const hundred = Array.from({ length: 100 }, (_, vf) => vf);

test('a card that takes 2 s a call is asked for a hundred ports in two calls, and pings meanwhile', async () => {
  const dataPath = memoryDataPath({
    apply: async (_, { changed }) => {
      await setTimeout(2_000);
      const isThird = changed.some(({ name, after }) => name === port(3).name && after);
      return isThird
        ? new Map([[port(3).name, { state: 'failed', code: 'RESOURCE_EXHAUSTED', message: 'full' }]])
        : undefined;
    },
  });
  const { socketPath } = await serve(memoryPlugin({ dataPath }));
  const client = vspClient(socketPath, 60_000);
  await client.init(init);
  const all = Promise.allSettled(hundred.map((vf) => client.createBridgePort(port(vf))));
  expect(await vspClient(socketPath, 1_500).ping('daemon')).toMatchObject({ healthy: true });
  const outcomes = await all;
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { message: 'full' } }]);
  // One for the first, one for the others, one to undo what failed.
  expect(dataPath.calls.map(({ changed }) => changed.length)).toEqual([1, 99, 1]);
});

/** A deadline of 1 s stands for one of 60 s: a hundred changes take longer. */
async function oneByOne(changeMs: number, limits: Limits) {
  const made: string[] = [];
  const dataPath = memoryDataPath({
    apply: (_, call) =>
      applyEach(call, async ({ name }) => {
        await setTimeout(changeMs);
        made.push(name);
        return undefined;
      }),
  });
  const { socketPath, logs } = await serve(memoryPlugin({ dataPath, limits }), { deadlineMs: 1_000, drainMs: 100 });
  const client = vspClient(socketPath, 60_000);
  await client.init(init);
  return { client, dataPath, made, logs };
}

test('a card that does one change after the other says so, and is not given up on', async () => {
  // It says more than it takes, as one on a busy machine may need.
  const { client, dataPath } = await oneByOne(12, { changeSeconds: 0.1 });
  const order: number[] = [];
  await Promise.all(hundred.map((vf) => client.createBridgePort(port(vf)).then(() => order.push(vf))));
  expect(Math.max(...dataPath.calls.map(({ changed }) => changed.length))).toBe(10);
  expect(order.slice(0, 1)).toEqual([0]);
  await client.completeReplay();
  expect(dataPath.calls.at(-1)).toMatchObject({ complete: true, changed: { length: 100 } });
  expect(await client.listBridgePorts()).toHaveLength(100);
});

test('one that does not say so is given up on, with words for what was too much', async () => {
  const { client } = await oneByOne(30, {});
  const outcomes = await Promise.allSettled(hundred.map((vf) => client.createBridgePort(port(vf))));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [DpuError.from(outcome.reason)] : []));
  expect(errors.map(({ message }) => message)).toContain('the plugin has not answered apply (objects: 99) within 1 s');
});
