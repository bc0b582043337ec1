// #region contract:chains
import type { ServiceChain } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { macOf } from '../src/memory-card.ts';
import { start } from './start.ts';

const firewall = { input: macOf(0), output: macOf(1) };
const balancer = { input: macOf(2), output: macOf(3) };
const chain: ServiceChain = { name: 'serviceChains/edge', networkFunctions: [firewall, balancer] };

test('keeps the order of the functions', async () => {
  await using vsp = await start();
  await vsp.client.createChain(chain);
  await vsp.client.createChain(chain);
  expect(await vsp.client.listChains()).toEqual([chain]);
  const other = { ...chain, networkFunctions: [balancer, firewall] };
  await expect(vsp.client.createChain(other)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  await vsp.client.updateChain(other);
  expect(vsp.card.chains.get(chain.name)).toEqual(other);
});

test('has each function in one chain only, and changes nothing when one is refused', async () => {
  await using vsp = await start();
  await vsp.client.createChain(chain);
  const spare = { input: macOf(4), output: macOf(5) };
  const second = { name: 'serviceChains/second', networkFunctions: [spare, balancer] };
  await expect(vsp.client.createChain(second)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  expect([...vsp.card.chains.keys()]).toEqual([chain.name]);
  await vsp.client.updateChain({ ...chain, networkFunctions: [firewall] });
  await vsp.client.createChain(second);
  expect([...vsp.card.chains.keys()]).toEqual([chain.name, second.name]);
});

test('has no function whose interface does not exist', async () => {
  await using vsp = await start();
  const missing = { input: macOf(6), output: macOf(64) };
  const short = { ...chain, networkFunctions: [firewall, missing] };
  await expect(vsp.client.createChain(short)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(vsp.card.chains.size).toBe(0);
});
// #region contract:networkFunctions

test('shares no function with one that stands by itself', async () => {
  await using vsp = await start();
  await vsp.client.createNetworkFunction(firewall);
  await expect(vsp.client.createChain(chain)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  await vsp.client.deleteNetworkFunction(firewall);
  await vsp.client.createChain(chain);
  await expect(vsp.client.deleteNetworkFunction(firewall)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  await expect(vsp.client.createNetworkFunction(firewall)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});
// #endregion

test('goes with the virtual functions', async () => {
  await using vsp = await start();
  await vsp.client.createChain(chain);
  await vsp.client.setNumVfs(0);
  expect(await vsp.client.listChains()).toEqual([]);
  expect(vsp.card.chains.size).toBe(0);
});
// #endregion
