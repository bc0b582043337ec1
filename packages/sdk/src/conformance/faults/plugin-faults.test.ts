/** Each group of checks finds what is broken in a plugin, and nothing else. */
import { expect, test } from 'vitest';
import type { Change, DataPath, Outcome, Plugin, VirtualFunctions, Wanted } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import { examine, failedIds, groupsOf } from '../testing/examine.ts';
import { type MemoryVsp, maxPorts, memoryVsp } from '../testing/memory-vsp.ts';

/** A data path that fails for the changes that `outcome` has something to say of. */
function failing({ dataPath }: MemoryVsp, outcome: (change: Change, ports: number) => Outcome | undefined): DataPath {
  return {
    ...dataPath,
    apply: async (wanted, call) => {
      const outcomes = new Map(await dataPath.apply(wanted, call));
      for (const change of call.changed) {
        const broken = outcome(change, wanted.bridgePorts.size);
        if (broken) outcomes.set(change.name, broken);
      }
      return outcomes;
    },
  };
}

/** What is broken, and the checks that must find it: those and no others. */
const faults: [string, (good: MemoryVsp) => Partial<Plugin>, string[]][] = [
  [
    'changes its ids',
    (good) => {
      let calls = 0;
      const getDevices = async () => {
        const devices = await good.getDevices();
        return ++calls > 8 ? devices.map(({ id, healthy }) => ({ id: `${id}x`, healthy })) : devices;
      };
      const setNumVfs = (count: number) => {
        calls = 0;
        return good.setNumVfs(count);
      };
      const watchDevices = (onChange: () => void) => {
        calls = 0;
        return good.watchDevices?.(onChange) ?? (() => {});
      };
      return { getDevices, setNumVfs, watchDevices };
    },
    ['devices.stable'],
  ],
  [
    'lists fewer devices than it says',
    (good) => ({ getDevices: async () => (await good.getDevices()).slice(0, 4) }),
    ['devices.count-max'],
  ],
  [
    'has more or less than it was asked for',
    (good) => ({ setNumVfs: async (count) => (await good.setNumVfs(count)) - (count === 3 ? 1 : 0) }),
    ['devices.count', 'devices.watch-change'],
  ],
  [
    'refuses the same number',
    (good) => ({
      setNumVfs: async (count) => {
        const same = (await good.getDevices()).length === count;
        if (same) throw new DpuError('ALREADY_EXISTS', `there are ${count}`);
        return good.setNumVfs(count);
      },
    }),
    ['devices.count-repeat'],
  ],
  [
    'disturbs devices when it makes more',
    (good) => ({
      setNumVfs: async (count) => {
        if (count === 4) good.break('mem0', true);
        return good.setNumVfs(count);
      },
    }),
    ['devices.count-grow'],
  ],
  [
    'leaves devices behind',
    (good) => ({ setNumVfs: async (count) => (count === 0 ? 0 : good.setNumVfs(count)) }),
    ['devices.count-zero'],
  ],
  ['never tells of changes', () => ({ watchDevices: () => () => {} }), ['devices.watch-change', 'devices.health']],
  [
    'wants every logical bridge to exist',
    (good) => ({
      dataPath: failing(good, ({ kind, after }) =>
        kind === 'bridgePort' && after?.logicalBridges.includes('4095')
          ? { state: 'failed', code: 'NOT_FOUND', message: 'no such logical bridge' }
          : undefined,
      ),
    }),
    ['bridge.port-placeholder'],
  ],
  [
    'has another code for a full card',
    (good) => ({
      limits: { maxVfs: 8 },
      dataPath: failing(good, ({ kind, after }, ports) =>
        kind === 'bridgePort' && after && ports > maxPorts
          ? { state: 'failed', code: 'INTERNAL', message: 'no room in the table' }
          : undefined,
      ),
    }),
    ['bridge.many-ports'],
  ],
  [
    'takes interfaces that are not there',
    (good) => ({
      dataPath: failing(good, ({ kind, after }) =>
        kind === 'networkFunction' && after?.output.startsWith('02:c0') ? { state: 'up' } : undefined,
      ),
    }),
    ['network-functions.unknown-interface'],
  ],
  [
    'has room for one network function',
    (good) => ({ limits: { ...good.limits, maxNetworkFunctions: 1 } }),
    ['network-functions.several'],
  ],
  [
    'reads one at a time',
    (good) => {
      let running = 0;
      const getDevices = async () => {
        running++;
        await new Promise((resolve) => setImmediate(resolve));
        if (running-- > 40) throw new DpuError('RESOURCE_EXHAUSTED', 'too many calls');
        return good.getDevices();
      };
      return { getDevices };
    },
    ['concurrency.reads'],
  ],
];

/** Those that do not tell of a change, for which the suite waits as long as it may. */
const waitedFor = new Set([
  'never tells of changes',
  'does not see that a device is away',
  'has more or less than it was asked for',
]);

test.each(faults)('a plugin that %s is found out', async (name, broken, expected) => {
  const good = memoryVsp();
  const limits = { timeoutMs: waitedFor.has(name) ? 3_000 : 30_000, ports: 160 };
  const report = await examine({ ...good, ...broken(good) }, { only: groupsOf(expected), limits });
  expect(failedIds(report)).toEqual(expected);
});

test.each([
  ['does not see that a device is away', () => []],
  ['sees every port down', ({ bridgePorts }: Wanted) => bridgePorts.keys()],
])('a plugin that %s is found out', async (_name, down) => {
  const good = memoryVsp();
  const report = await examine(
    { ...good, dataPath: { ...good.dataPath, down } },
    { only: ['bridge.port-down', 'bridge.port-create'], limits: { timeoutMs: 3_000 } },
  );
  expect(failedIds(report)).toEqual(['bridge.port-down']);
});

test('a plugin that waits for a word of its card which never comes is found out', async () => {
  const good = memoryVsp();
  const waits = failing(good, ({ kind, after }) =>
    kind === 'bridgePort' && after ? { state: 'pending', reason: 'the firmware learns its address' } : undefined,
  );
  const only = ['bridge.port-settles'];
  const report = await examine({ ...good, dataPath: waits }, { only, limits: { timeoutMs: 3_000 } });
  expect(failedIds(report)).toEqual(only);
});

test('a plugin that says that its number is fixed, and changes it, is found out', async () => {
  const good = memoryVsp();
  const virtualFunctions = async (): Promise<VirtualFunctions> => {
    const count = (await good.getDevices()).length;
    return { resizing: 'never', physicalFunctions: [{ pf: 0, count, maximum: count }] };
  };
  const fixed = async () => (await good.getDevices()).length;
  const only = ['devices.fixed'];
  expect(failedIds(await examine({ ...good, virtualFunctions }, { only }))).toEqual(only);
  expect(failedIds(await examine({ ...good, virtualFunctions, setNumVfs: fixed }, { only }))).toEqual([]);
});
