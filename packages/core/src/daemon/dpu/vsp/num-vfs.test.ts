import { DpuError, type VirtualFunctions } from '@dpu-operator/sdk';
import { expect, test, vi } from 'vitest';
import { NumVfs } from './num-vfs.ts';
import type { VfWish } from './vf-plan.ts';

const info = { packageName: 'vsp', packageVersion: '1.0.0', contractVersion: '1.1.0', capabilities: [], features: [] };

/** A VSP with so many devices; an image for the Go operator cannot tell what it is. */
function vsp(there: number, isOfContract: boolean) {
  let count = there;
  return {
    getDevices: async () => Array.from({ length: count }, (_, index) => ({ id: `vf${index}`, healthy: true })),
    getInfo: async () => (isOfContract ? info : undefined),
    getVirtualFunctions: async (): Promise<VirtualFunctions | undefined> => undefined,
    setNumVfsOf: async () => Promise.reject(new DpuError('UNIMPLEMENTED', 'no such method')),
    setNumVfs: vi.fn(async (wanted: number) => {
      count = wanted;
      return wanted;
    }),
  };
}

function numVfs(pods: readonly string[], wanted: VfWish, reportAfterMs = 60_000) {
  const onChange = vi.fn();
  const of = new NumVfs({ nodeName: 'n', pods: () => pods, onChange, reportAfterMs });
  of.want(wanted);
  const said = () => {
    const { condition } = of;
    if (condition.is !== 'there') return condition.is;
    const { type, status, reason, message } = condition.value;
    return `${type}=${status} ${reason}: ${message}`;
  };
  return { of, said, onChange };
}

test('an image for the Go operator is not asked while pods use its devices, and is when they have left', async () => {
  const pods = ['default/b', 'default/a'];
  const { of, said } = numVfs(pods, 16);
  const client = vsp(8, false);
  expect(said()).toBe('unknown');
  await of.apply(client);
  expect(said()).toMatch(/^VfCount=False Refused: .*from 8 to 16, and pods use some: default\/a, default\/b; .*drain/);
  pods.length = 0;
  await of.apply(client);
  expect(said()).toBe('VfCount=True Applied: 16 virtual functions, as asked for');
  expect(client.setNumVfs.mock.calls).toEqual([[16]]);
});

test.each([
  ['that has the number already', vsp(16, false), []],
  ['that has none yet', vsp(0, false), [[16]]],
  ['of the contract, which refuses by itself', vsp(8, true), [[16]]],
])('pods do not matter to a VSP %s', async (_, client, asked) => {
  const { of, said } = numVfs(['default/a'], 16);
  await of.apply(client);
  expect(said()).toMatch(/^VfCount=True/);
  expect(client.setNumVfs.mock.calls).toEqual(asked);
});

test('no virtual functions at all wait for every pod, whatever the VSP', async () => {
  const pods = ['default/a'];
  const { of, said } = numVfs(pods, 0);
  const client = vsp(8, true);
  await of.apply(client);
  expect(said()).toMatch(/^VfCount=False Refused: .*pods use some: default\/a; it is done when these have ended/);
  expect(client.setNumVfs).not.toHaveBeenCalled();
  pods.length = 0;
  await of.apply(client);
  expect(client.setNumVfs.mock.calls).toEqual([[0]]);
});

test('while the VSP is at work, that and what it may wait for is said', async () => {
  const { of, said, onChange } = numVfs(['default/a'], 4, 0);
  const client = vsp(8, true);
  const answer = Promise.withResolvers<number>();
  client.setNumVfs.mockImplementationOnce(() => answer.promise);
  const applied = of.apply(client);
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  expect(said()).toBe(
    'VfCount=False Resizing: the VSP goes from 8 to 4 virtual functions and may wait for pods that have some: default/a',
  );
  answer.resolve(4);
  await applied;
  expect(said()).toMatch(/^VfCount=True/);
});

test('what has come of a number says nothing of the next', async () => {
  const { of, said } = numVfs([], 16);
  const client = vsp(8, true);
  await of.apply(client);
  of.want(4);
  expect(said()).toBe('unknown');
  of.want(undefined);
  expect(said()).toBe('gone');
});

test('why a number is refused is told with what ends that', async () => {
  const { of, said } = numVfs([], 16);
  const client = vsp(8, true);
  client.setNumVfs.mockRejectedValueOnce(new DpuError('FAILED_PRECONDITION', '0000:01:02.2 is bound to vfio-pci'));
  await of.apply(client);
  expect(said()).toMatch(/0000:01:02.2 is bound to vfio-pci\); it is asked again whenever a pod/);
  expect(of.isRefused).toBe(true);
  client.setNumVfs.mockRejectedValueOnce(new DpuError('OUT_OF_RANGE', '8 at most'));
  await of.apply(client);
  expect(said()).toMatch(/8 at most\): set numVfs otherwise/);
  await of.apply(client);
  expect(said()).toMatch(/^VfCount=True/);
});

/** A card with two physical functions, of four VFs each at most. */
function card(resizing: VirtualFunctions['resizing'], counts: number[], afterRestart = false) {
  let later = counts;
  const physicalFunctions = () =>
    counts.map((count, pf) => ({ pf, count, maximum: 4, ...(afterRestart && { countAfterRestart: later[pf] ?? 0 }) }));
  const set = (wanted: number[]) => {
    later = wanted;
    if (!afterRestart) counts = wanted;
  };
  return {
    ...vsp(0, true),
    getVirtualFunctions: async () => ({ resizing, physicalFunctions: physicalFunctions() }),
    setNumVfs: vi.fn(async (wanted: number) => {
      set([Math.min(wanted, 4), Math.max(wanted - 4, 0)]);
      return counts.reduce((total, each) => total + each, 0);
    }),
    setNumVfsOf: vi.fn(async (pf: number, wanted: number) => {
      set(later.map((count, index) => (index === pf ? wanted : count)));
      return counts[pf] ?? 0;
    }),
    restart: () => {
      counts = later;
    },
  };
}

test.each<[string, VirtualFunctions['resizing'], VfWish, string[], string]>([
  ['that has a fixed number', 'never', 4, [], 'Refused: the card always has 2 and 1 virtual functions: set that'],
  ['that cannot have so many', 'live', 9, [], 'Refused: the card can have 8 virtual functions at most: set numVfs'],
  ['whose PF cannot have so many', 'live', [2, 5], [], 'Refused: physical function 1 can have 4 virtual functions'],
  ['without such a PF', 'live', [2, 1, 1], [], 'Refused: the card has no physical function 2, only 2'],
  ['that goes by way of none', 'whenUnused', 4, ['a/b'], 'Refused: the card may lose its virtual functions on the way'],
  ['that goes by way of none', 'whenUnused', [1, 1], ['a/b'], 'Refused: the card may lose its virtual functions on'],
  ['that shall have none', 'live', [0, 0], ['a/b'], 'Refused: without virtual functions no pod has a device'],
])('a card %s is not asked', async (_, resizing, wanted, pods, message) => {
  const { of, said } = numVfs(pods, wanted);
  const client = card(resizing, [2, 1]);
  await of.apply(client);
  expect(said()).toContain(`VfCount=False ${message}`);
  expect([client.setNumVfs, client.setNumVfsOf].map((call) => call.mock.calls)).toEqual([[], []]);
});

test.each<[string, VirtualFunctions['resizing'], VfWish, string[], number[][]]>([
  ['has a fixed number, which is wanted', 'never', 3, ['a/b'], []],
  ['has the numbers of its PFs', 'never', [2, 1], ['a/b'], []],
  ['goes by way of none, and nobody uses it', 'whenUnused', 6, [], [[6]]],
  ['can change at any time', 'live', 6, ['a/b'], [[6]]],
  ['has another number on one PF', 'live', [2, 3], ['a/b'], [[1, 3]]],
  [
    'frees what the other PF gets',
    'live',
    [4, 0],
    [],
    [
      [1, 0],
      [0, 4],
    ],
  ],
  ['keeps what is not named', 'live', [1], [], [[0, 1]]],
])('a card that %s is told what changes', async (_, resizing, wanted, pods, calls) => {
  const { of, said } = numVfs(pods, wanted);
  const client = card(resizing, [2, 1]);
  await of.apply(client);
  expect(said()).toContain('VfCount=True Applied');
  expect([...client.setNumVfs.mock.calls, ...client.setNumVfsOf.mock.calls]).toEqual(calls);
});

test.each<[VfWish, string]>([
  [6, '6'],
  [[2, 4], '2 and 4'],
])('a number that takes a restart of the node is asked for once, and is there afterwards', async (wanted, words) => {
  const { of, said } = numVfs(['a/b'], wanted);
  const client = card('live', [2, 1], true);
  await of.apply(client);
  const message = `VfCount=False RestartNeeded: the card has ${words} virtual functions once node n has restarted: kubectl drain n, restart it, then kubectl uncordon n`;
  expect(said()).toBe(message);
  await of.apply(client);
  expect(said()).toBe(message);
  expect(client.setNumVfs.mock.calls.length + client.setNumVfsOf.mock.calls.length).toBe(1);
  client.restart();
  await of.apply(client);
  expect(said()).toBe(`VfCount=True Applied: ${words} virtual functions, as asked for`);
});

test('a number that waits for a restart is taken back by asking for the one that is there', async () => {
  const pods: string[] = [];
  const { of, said } = numVfs(pods, 6);
  const client = card('whenUnused', [2, 1], true);
  await of.apply(client);
  pods.push('a/b');
  of.want(3);
  await of.apply(client);
  expect(client.setNumVfs.mock.calls).toEqual([[6], [3]]);
  expect(said()).toBe('VfCount=True Applied: 3 virtual functions, as asked for');
});

test('numbers of each PF are for a VSP that tells them apart, and can set them', async () => {
  const { of, said } = numVfs([], [2, 2]);
  await of.apply(vsp(3, true));
  expect(said()).toContain('VfCount=False Refused: the VSP does not tell its physical functions apart: set numVfs');
  const { setNumVfsOf } = vsp(3, true);
  await of.apply({ ...card('live', [2, 1]), setNumVfsOf });
  expect(said()).toContain('VfCount=False Refused: the VSP refused 2 and 2 virtual functions (no such method)');
});

test('what a card announces that it cannot is not asked of it', async () => {
  const { of, said } = numVfs([], 16);
  const features = [{ name: 'dpu.devices', version: 1, limits: { maxVfs: 8 } }];
  const client = { ...vsp(4, true), getInfo: async () => ({ ...info, features }) };
  await of.apply(client);
  expect(said()).toBe('VfCount=False Refused: the card has 8 virtual functions at most: set numVfs to 8 or less');
  expect(client.setNumVfs).not.toHaveBeenCalled();
  of.want(8);
  await of.apply(client);
  expect(said()).toMatch(/^VfCount=True/);
});
