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

test('an image for the Go operator is not asked while pods use its devices, and is when they have left', async () => {
  const pods = ['default/b', 'default/a'];
  const numVfs = new NumVfs(() => pods);
  const client = vsp(8, false);
  numVfs.wanted = 16;
  await numVfs.apply(client);
  expect(numVfs.problem).toMatch(/from 8 to 16, and pods use some: default\/a, default\/b; .*drain/);
  pods.length = 0;
  await numVfs.apply(client);
  expect(numVfs.problem).toBeUndefined();
  expect(client.setNumVfs.mock.calls).toEqual([[16]]);
});

test.each([
  ['that has the number already', vsp(16, false), []],
  ['that has none yet', vsp(0, false), [[16]]],
  ['of the contract, which refuses by itself', vsp(8, true), [[16]]],
])('pods do not matter to a VSP %s', async (_, client, asked) => {
  const numVfs = new NumVfs(() => ['default/a']);
  numVfs.wanted = 16;
  await numVfs.apply(client);
  expect(numVfs.problem).toBeUndefined();
  expect(client.setNumVfs.mock.calls).toEqual(asked);
});

test('why a number is refused is told with what ends that', async () => {
  const numVfs = new NumVfs(() => []);
  const client = vsp(8, true);
  numVfs.wanted = 16;
  client.setNumVfs.mockRejectedValueOnce(new DpuError('FAILED_PRECONDITION', '0000:01:02.2 is bound to vfio-pci'));
  await numVfs.apply(client);
  expect(numVfs.problem).toMatch(/0000:01:02.2 is bound to vfio-pci\); it is asked again whenever a pod/);
  client.setNumVfs.mockRejectedValueOnce(new DpuError('OUT_OF_RANGE', '8 at most'));
  await numVfs.apply(client);
  expect(numVfs.problem).toMatch(/8 at most\): set numVfs otherwise/);
  await numVfs.apply(client);
  expect(numVfs.problem).toBeUndefined();
});
