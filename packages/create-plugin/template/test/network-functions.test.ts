// #region contract:networkFunctions
import { expect, test } from 'vitest';
import { macOf } from '../src/memory-card.ts';
import { start } from './start.ts';

const nf = { input: macOf(0), output: macOf(1) };

test('puts a function between hosts and outside, and takes it out again', async () => {
  await using vsp = await start();
  await vsp.client.createNetworkFunction(nf);
  await vsp.client.createNetworkFunction(nf);
  expect([...vsp.card.functions.values()]).toEqual([nf]);
  await vsp.client.deleteNetworkFunction(nf);
  await vsp.client.deleteNetworkFunction(nf);
  expect(vsp.card.functions.size).toBe(0);
});

test('gives an interface to the function that had it last', async () => {
  await using vsp = await start();
  await vsp.client.createNetworkFunction(nf);
  const next = { input: nf.output, output: macOf(2) };
  await vsp.client.createNetworkFunction(next);
  expect([...vsp.card.functions.values()]).toEqual([next]);
});

test('refuses a function with one interface, or with one that does not exist', async () => {
  await using vsp = await start();
  const missing = { ...nf, output: macOf(64) };
  await expect(vsp.client.createNetworkFunction(missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(vsp.client.createNetworkFunction({ ...nf, output: nf.input })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('goes with the virtual functions', async () => {
  await using vsp = await start();
  await vsp.client.createNetworkFunction(nf);
  await vsp.client.setNumVfs(0);
  expect(vsp.card.functions.size).toBe(0);
});
// #endregion
