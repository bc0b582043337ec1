import { expect, test, vi } from 'vitest';
import type { VirtualFunctions } from '../contract/contract.ts';
import { hostInit, memoryPlugin, serve, vspClient } from './testing.ts';

async function client(parts: Parameters<typeof memoryPlugin>[0] = {}) {
  const { socketPath } = await serve(memoryPlugin(parts));
  const vsp = vspClient(socketPath);
  await vsp.init(hostInit);
  return vsp;
}

const card: VirtualFunctions = {
  resizing: 'whenUnused',
  physicalFunctions: [
    { pf: 0, count: 2, maximum: 8 },
    { pf: 1, count: 0, maximum: 4, countAfterRestart: 0 },
  ],
};

test('numbers of virtual functions cross the wire, in the order of the physical functions', async () => {
  const vsp = await client({
    virtualFunctions: async () => ({ ...card, physicalFunctions: card.physicalFunctions.toReversed() }),
  });
  await expect(vsp.getVirtualFunctions()).resolves.toEqual(card);
});

test('the number of one physical function is set', async () => {
  const setNumVfsOf = vi.fn(async (_pf: number, count: number) => Math.min(count, 4));
  const vsp = await client({ setNumVfsOf });
  await expect(vsp.setNumVfsOf(1, 8)).resolves.toBe(4);
  expect(setNumVfsOf.mock.calls).toEqual([[1, 8]]);
});

test('a plugin that cannot tell has no say', async () => {
  const vsp = await client();
  await expect(vsp.getVirtualFunctions()).resolves.toBeUndefined();
  await expect(vsp.setNumVfsOf(0, 1)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
});

test.each<[string, object]>([
  ['resizing is "sometimes" and must be one of never, whenUnused, live', { ...card, resizing: 'sometimes' }],
  ['physicalFunctions[0].maximum is -1', { ...card, physicalFunctions: [{ pf: 0, count: 0, maximum: -1 }] }],
  ['physicalFunctions[1].pf: there is a 0 already', { ...card, physicalFunctions: [pf(0), pf(0)] }],
  ['physicalFunctions[0].pf is 0.5', { ...card, physicalFunctions: [pf(0.5)] }],
])('%s is the fault of the plugin', async (message, answer) => {
  const vsp = await client({ virtualFunctions: async () => answer as VirtualFunctions });
  await expect(vsp.getVirtualFunctions()).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining(message),
  });
});

function pf(number: number) {
  return { pf: number, count: 0, maximum: 1 };
}
