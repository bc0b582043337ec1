/**
 * What a plugin may do that no type keeps it from, in plain JavaScript at least: whoever asked gets words, and everybody
 * else is served as before. What ends a process is in conformance/faults/process-faults.test.ts.
 */
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { VspClient } from '../client/vsp-client.ts';
import type { ApplyCall, Change, DataPath, Outcome, Plugin, Wanted } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { memoryDataPath, memoryPlugin, serve, vspClient } from './testing.ts';

const init = { dpuMode: true, dpuIdentifier: 'test-1' };
const port = (vf: number) => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS' as const,
  logicalBridges: [],
});
const tenMegabytes = 'x'.repeat(10_000_000);
const circular: Record<string, unknown> = {};
circular.self = circular;

async function start(parts: Partial<Plugin>): Promise<VspClient> {
  const { socketPath } = await serve(memoryPlugin(parts));
  const client = vspClient(socketPath);
  await client.init(init);
  return client;
}

/** Answers for the first port, and does all else. */
function answering(answer: (wanted: Wanted, call: ApplyCall) => unknown): { dataPath: DataPath } {
  const apply = async (wanted: Wanted, call: ApplyCall) => {
    const isFirst = call.changed.some(({ name, after }) => name === port(1).name && after);
    return isFirst ? (answer(wanted, call) as ReadonlyMap<string, Outcome>) : undefined;
  };
  return { dataPath: memoryDataPath({ apply }) };
}

test.each<[string, unknown, RegExp]>([
  ['has no message', { state: 'failed', code: 'NOT_FOUND' }, /the message of bridgePorts\/host0-1 is undefined/],
  ['has no reason', { state: 'pending' }, /the reason why bridgePorts\/host0-1 is pending is undefined/],
  ['has a code that is none', { state: 'failed', code: 5, message: 'x' }, /the code of bridgePorts\/host0-1 is 5/],
  ['goes round in a circle', circular, /the outcome of bridgePorts\/host0-1 is .*Circular/],
  ['is null', null, /the outcome of bridgePorts\/host0-1 is null/],
])('an outcome that %s fails that port alone', async (_, outcome, message) => {
  const client = await start(answering(() => new Map([[port(1).name, outcome]])));
  const [wrong, right] = await Promise.allSettled([client.createBridgePort(port(1)), client.createBridgePort(port(2))]);
  expect(wrong).toMatchObject({ reason: { code: 'INTERNAL', message: expect.stringMatching(message) } });
  expect(right).toMatchObject({ value: { operStatus: 'UP' } });
});

test('a reason of 10 MB is cut, and does not hide the other ports', async () => {
  const client = await start(answering(() => new Map([[port(1).name, { state: 'pending', reason: tenMegabytes }]])));
  await client.createBridgePort(port(1));
  await client.createBridgePort(port(2));
  const [first, second] = await client.listBridgePorts();
  expect(first?.components?.[0]?.details?.length).toBeLessThan(5_000);
  expect(second?.operStatus).toBe('UP');
});

test('what it reports later is looked at as what it answers', async () => {
  const calls: ApplyCall[] = [];
  const client = await start(answering((_, call) => void calls.push(call)));
  await client.createBridgePort(port(1));
  calls[0]?.report(port(1).name, circular as unknown as Outcome);
  const { operStatus, components } = await client.getBridgePort(port(1).name);
  expect([operStatus, components?.[0]?.status]).toEqual(['DOWN', 'ERROR']);
});

test('outcomes of objects that nobody wants are the fault of the plugin; those of others are theirs', async () => {
  const other = (name: string) => new Map([[name, { state: 'failed', code: 'UNAVAILABLE', message: 'lost' }]]);
  const unknown = await start(answering(() => other('bridgePorts/host9-9')));
  await expect(unknown.createBridgePort(port(1))).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('there is no object bridgePorts/host9-9'),
  });
  const neighbour = await start(answering(() => other(port(2).name)));
  await neighbour.createBridgePort(port(2));
  expect(await neighbour.createBridgePort(port(1))).toMatchObject({ operStatus: 'UP' });
  expect(await neighbour.getBridgePort(port(2).name)).toMatchObject({ components: [{ status: 'ERROR' }] });
});

test('what was handed to it once stays as it was then', async () => {
  const kept: { wanted: Wanted; changed: readonly Change[] }[] = [];
  const client = await start(answering((wanted, { changed }) => void kept.push({ wanted, changed })));
  await client.createBridgePort(port(1));
  await client.updateBridgePort({ ...port(1), macAddress: '02:00:00:00:00:02' });
  await client.createBridgePort(port(2));
  await client.deleteBridgePort(port(1).name, { allowMissing: false });
  const [{ wanted, changed } = expect.fail('apply was not called')] = kept;
  expect([...wanted.bridgePorts.values()]).toEqual([port(1)]);
  expect(changed.map(({ after }) => after)).toEqual([port(1)]);
});

test('it may empty the maps that it is given, and answer what was in them', async () => {
  const client = await start(
    answering(({ bridgePorts }) => {
      const names = [...bridgePorts.keys()];
      (bridgePorts as Map<string, unknown>).clear();
      return new Map(names.map((name) => [name, { state: 'up' }]));
    }),
  );
  await client.createBridgePort(port(2));
  await client.createBridgePort(port(1));
  expect(await client.listBridgePorts()).toHaveLength(2);
});

test.each<[string, (changed: Change[]) => void]>([
  ['takes the changes out of their list', (changed) => changed.shift()],
  ['alters a change', (changed) => Object.assign(changed[0] as Change, { name: 'bridgePorts/host9-9' })],
  ['alters an object', ([change]) => Object.assign(change?.after as object, { macAddress: '02:00:00:00:00:02' })],
])('one that %s is told so', async (_, alter) => {
  const client = await start(answering((_wanted, { changed }) => alter(changed as Change[])));
  await expect(client.createBridgePort(port(1))).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(await client.createBridgePort(port(2))).toMatchObject({ operStatus: 'UP' });
});

test('one that asks in each apply for another leaves time for all else, and ends', async () => {
  let applies = 0;
  const dataPath = memoryDataPath({
    apply: async () => {
      applies += 1;
      reapply();
      return undefined;
    },
  });
  let reapply = () => {};
  const { socketPath, server } = await serve(memoryPlugin(), {
    plugin: {
      create: (context) => {
        reapply = context.reapply;
        return memoryPlugin({ dataPath });
      },
    },
  });
  const client = vspClient(socketPath);
  await client.init(init);
  await client.createBridgePort(port(1));
  await vi.waitFor(() => expect(applies).toBeGreaterThan(2));
  expect(await client.ping('daemon')).toMatchObject({ healthy: true });
  await server.close();
});

test.each([undefined, Number.NaN, -1, 2.5, '8', 70_000])(
  'SetNumVfs of a plugin that answers %j is INTERNAL',
  async (answer) => {
    const setNumVfs = async () => answer as number;
    const client = await start({ setNumVfs, setNumVfsOf: setNumVfs });
    const error = {
      code: 'INTERNAL',
      message: expect.stringMatching(/setNumVfs(Of)? answered .*, and must answer how many/),
    };
    await expect(client.setNumVfs(2)).rejects.toMatchObject(error);
    await expect(client.setNumVfsOf(0, 2)).rejects.toMatchObject(error);
  },
);

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /there must be a list of devices/],
  ['an object', { vf0: true }, /there must be a list of devices/],
  ['a reason that is no text', [{ id: 'vf0', healthy: false, reason: new Error('x') }], /reason of device vf0 is/],
])('%s is no answer of getDevices', async (_, devices, message) => {
  const client = await start({ getDevices: async () => devices as [] });
  await expect(client.getDevices()).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringMatching(message),
  });
});

test.each<[string, () => unknown]>([
  ['throws', () => () => expect.fail('the card is away')],
  ['is none', () => Promise.resolve()],
])('a watch whose end %s ends for its caller', async (_, watchDevices) => {
  const { socketPath, logs } = await serve(
    memoryPlugin({ watchDevices: watchDevices as NonNullable<Plugin['watchDevices']> }),
  );
  const client = vspClient(socketPath);
  await client.init(init);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const stop = client.watchDevices(resolve, reject);
  await promise;
  stop();
  await vi.waitFor(() =>
    expect(logs.map(({ msg }) => msg)).toContain('the plugin failed to end a watch of its devices'),
  );
  expect(await client.ping('daemon')).toMatchObject({ healthy: true });
});

test('what create does to its context is no matter of the next Init', async () => {
  const seen: unknown[] = [];
  const { socketPath } = await serve(memoryPlugin(), {
    plugin: {
      create: ({ dpu, settings, node }) => {
        seen.push([structuredClone(dpu), structuredClone(settings), node.name]);
        Object.assign(dpu, { side: 'host', identifier: 'another' });
        Object.assign(settings as object, { vfs: 99 });
        Object.assign(node, { name: 'another' });
        if (seen.length === 1) throw new DpuError('UNAVAILABLE', 'the card boots');
        return memoryPlugin();
      },
    },
  });
  const client = vspClient(socketPath);
  await expect(client.init(init)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await client.init(init);
  await client.init(init);
  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual(seen[0]);
});

test.each<[string, () => Error, object]>([
  ['a code that there is not', () => new DpuError('NOTFOUND' as 'NOT_FOUND', 'no card'), { message: 'no card' }],
  ['no text', () => new DpuError('NOT_FOUND', undefined as unknown as string), { code: 'NOT_FOUND' }],
])('a DpuError with %s is an error all the same', async (_, error, expected) => {
  const client = await start({
    getDevices: async () => {
      throw error();
    },
  });
  await expect(client.getDevices()).rejects.toMatchObject({ code: 'INTERNAL', ...expected });
});

test('an answer after its deadline is none', async () => {
  let answers = 0;
  const dataPath = memoryDataPath({
    apply: async () => {
      await setTimeout(200);
      answers += 1;
      return undefined;
    },
  });
  const { socketPath } = await serve(memoryPlugin({ dataPath }), { deadlineMs: 50, drainMs: 100 });
  const client = vspClient(socketPath);
  await client.init(init);
  await expect(client.createBridgePort(port(1))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await vi.waitFor(() => expect(answers).toBe(1));
  await expect(client.getBridgePort(port(1).name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
