// #region contract:networkFunctions,chains
import { expect, test } from 'vitest';
import { macOf } from '../src/memory-card.ts';
import { start } from './start.ts';

const firewall = { input: macOf(0), output: macOf(1) };
// #region contract:networkFunctions

test('puts a function between hosts and outside, and takes it out again', async () => {
  await using vsp = await start();
  await vsp.client.createNetworkFunction(firewall);
  expect([...vsp.card.functions.values()]).toEqual([firewall]);
  await vsp.client.deleteNetworkFunction(firewall);
  expect(vsp.card.functions.size).toBe(0);
});

test('refuses a function with an interface that does not exist', async () => {
  await using vsp = await start();
  const missing = vsp.client.createNetworkFunction({ ...firewall, output: macOf(64) });
  await expect(missing).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
// #endregion
// #region contract:chains

const balancer = { input: macOf(2), output: macOf(3) };
const chain = { name: 'serviceChains/edge', networkFunctions: [firewall, balancer] };

test('keeps the order of the functions of a chain', async () => {
  await using vsp = await start();
  await vsp.client.createChain(chain);
  const other = { ...chain, networkFunctions: [balancer, firewall] };
  await vsp.client.updateChain(other);
  expect([...vsp.card.chains.values()]).toEqual([other]);
  await vsp.client.deleteChain(chain.name, { allowMissing: false });
  expect(vsp.card.chains.size).toBe(0);
});

test('a chain stays as it was when it cannot be as it shall', async () => {
  await using vsp = await start();
  await vsp.client.createChain(chain);
  const missing = { ...chain, networkFunctions: [firewall, { ...balancer, output: macOf(64) }] };
  await expect(vsp.client.updateChain(missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect([...vsp.card.chains.values()]).toEqual([chain]);
  expect(await vsp.client.listChains()).toMatchObject([chain]);
});
// #endregion
// #endregion
