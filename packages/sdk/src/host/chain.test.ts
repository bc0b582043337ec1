import { describe, expect, test } from 'vitest';
import type { ServiceChain } from '../contract/contract.ts';
import { serviceChainService } from '../wire/grpc/definitions.ts';
import { hostInit, memoryDataPath, memoryPlugin, rawClient, serve, vspClient } from './testing.ts';

const nf = (number: number) => ({ input: `02:00:00:00:0${number}:0a`, output: `02:00:00:00:0${number}:0b` });
const chain: ServiceChain = {
  name: 'serviceChains/edge',
  networkFunctions: [nf(2), { ...nf(1), bridgeId: '0a1b2c3d' }],
};

async function chains() {
  const dataPath = memoryDataPath();
  const { socketPath } = await serve(memoryPlugin({ dataPath }));
  const client = vspClient(socketPath);
  await client.init(hostInit);
  const wanted = () => [...(dataPath.wanted?.serviceChains.values() ?? [])];
  return { wanted, client, call: rawClient(socketPath) };
}

test('chains keep their order over create, get and list, and go', async () => {
  const { wanted, client } = await chains();
  await expect(client.createChain({ ...chain, name: 'edge' })).resolves.toEqual(chain);
  await expect(client.createChain(chain)).resolves.toEqual(chain);
  await expect(client.createChain({ ...chain, networkFunctions: [nf(2)] })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
  });
  expect(wanted()).toEqual([chain]);
  await expect(client.getChain('edge')).resolves.toEqual(chain);
  await expect(client.listChains()).resolves.toEqual([chain]);
  await client.deleteChain('edge', { allowMissing: false });
  await expect(client.deleteChain('edge', { allowMissing: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await client.deleteChain('edge', { allowMissing: true });
  await expect(client.getChain('edge')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('MAC addresses reach the plugin in lower case', async () => {
  const { wanted, client } = await chains();
  const { input, output } = nf(1);
  await client.createChain({ name: 'edge', networkFunctions: [{ input: input.toUpperCase(), output }] });
  expect(wanted()).toMatchObject([{ networkFunctions: [nf(1)] }]);
});

test('an update replaces the functions, by mask or without', async () => {
  const { client, call } = await chains();
  const other = { ...chain, networkFunctions: [nf(3), nf(2)] };
  await expect(client.updateChain(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.updateChain(chain, { allowMissing: true })).resolves.toEqual(chain);
  await expect(client.updateChain(other)).resolves.toEqual(other);
  await expect(client.updateChain(chain, { updateMask: ['network_functions'] })).resolves.toEqual(chain);
  await expect(client.updateChain(other, { updateMask: ['*'] })).resolves.toEqual(other);
  await expect(client.updateChain(chain, { updateMask: ['name'] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'update_mask: name cannot be updated; there are network_functions',
  });
  // Nothing is set, nothing changes.
  const untouched = call(serviceChainService.UpdateServiceChain, { serviceChain: { name: chain.name } });
  await expect(untouched).resolves.toMatchObject({ networkFunctions: [nf(3), nf(2)] });
  const emptied = { serviceChain: { name: chain.name }, updateMask: { paths: ['network_functions'] } };
  await expect(call(serviceChainService.UpdateServiceChain, emptied)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'service_chain.network_functions must not be empty',
  });
  await expect(client.listChains()).resolves.toEqual([other]);
});

describe('a wrong chain is refused by the name of its field', () => {
  test.each([
    ['no functions', 'service_chain.network_functions must not be empty', { networkFunctions: [] }],
    ['a bad MAC', 'network_functions[1].output: "x" is not', { networkFunctions: [nf(1), { ...nf(2), output: 'x' }] }],
    ['a function twice', 'network_functions[2].input', { networkFunctions: [nf(1), nf(2), nf(1)] }],
    [
      'one interface for both ends',
      'network_functions[0].output: 02:00:00:00:01:0a is service_chain.network_functions[0].input',
      { networkFunctions: [{ ...nf(1), output: nf(1).input }] },
    ],
    ['a bad name', 'service_chain.name must be serviceChains/{id}', { name: 'Edge_1' }],
  ])('%s', async (_what, message, changes) => {
    const { wanted, call } = await chains();
    const request = { serviceChain: { ...chain, ...changes } };
    await expect(call(serviceChainService.CreateServiceChain, request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    expect(wanted()).toEqual([]);
  });

  test('refuses a request without a chain', async () => {
    const { call } = await chains();
    await expect(call(serviceChainService.CreateServiceChain, {})).rejects.toMatchObject({
      message: 'service_chain is missing',
    });
  });
});

test('the client gathers all pages', async () => {
  const { client } = await chains();
  // The host's pages hold 50.
  const names = Array.from({ length: 120 }, (_, index) => `serviceChains/edge-${String(index).padStart(3, '0')}`);
  const mac = (index: number) =>
    `02:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;
  const functions = (index: number) => [{ input: `${mac(index)}:0a`, output: `${mac(index)}:0b` }];
  await Promise.all(names.map((name, index) => client.createChain({ name, networkFunctions: functions(index) })));
  expect((await client.listChains()).map(({ name }) => name)).toEqual(names);
});
