import { DpuError } from '@dpu-operator/sdk';
import { expect, test, vi } from 'vitest';
import { NumVfs } from './num-vfs.ts';

const info = { packageName: 'vsp', packageVersion: '1.0.0', contractVersion: '1.1.0', capabilities: [] };

/** A VSP with so many devices; an image for the Go operator cannot tell what it is. */
function vsp(there: number, isOfContract: boolean) {
  let count = there;
  return {
    getDevices: async () => Array.from({ length: count }, (_, index) => ({ id: `vf${index}`, healthy: true })),
    getInfo: async () => (isOfContract ? info : undefined),
    setNumVfs: vi.fn(async (wanted: number) => {
      count = wanted;
      return wanted;
    }),
  };
}

function numVfs(pods: readonly string[], wanted: number, tellAfterMs = 60_000) {
  const onChange = vi.fn();
  const of = new NumVfs({ pods: () => pods, onChange, tellAfterMs });
  of.wanted = wanted;
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
  of.wanted = 4;
  expect(said()).toBe('unknown');
  of.wanted = undefined;
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
