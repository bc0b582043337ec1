import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../testing.ts';
import { parseCommand, type ServeRequest } from './command.ts';

const detect = { dmiProductContains: 'Test' };
const dpu = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: ['Test DPU', 'Test DPU 2'].map((name) => ({ name, dpu: { detect, identifier: 'test' } })),
};

async function served(env: Record<string, string>, pod = {}): Promise<ServeRequest[]> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const directory = await temporaryDirectory();
  await writeFile(
    join(directory, 'package.json'),
    JSON.stringify({ name: 'vsp-test', version: '1.2.3', dpu: { ...dpu, pod } }),
  );
  await writeFile(join(directory, 'index.js'), '');
  const requests: ServeRequest[] = [];
  await parseCommand(['node', 'dpu-vsp', 'serve', '--plugin', directory], async (request) => {
    requests.push(request);
  });
  return requests;
}

afterEach(() => vi.unstubAllEnvs());

test('the environment tells whose side a plugin is to serve', async () => {
  const env = { DPU_SIDE: 'dpu', DPU_IDENTIFIER: 'test', DPU_PRODUCT: 'Test DPU 2', DPU_PCI_ADDRESS: '0000:01:00.0' };
  const told = { side: 'dpu', identifier: 'test', product: 'Test DPU 2', pciAddress: '0000:01:00.0' };
  expect(await served(env)).toMatchObject([{ dpu: told, package: { name: 'vsp-test', version: '1.2.3' } }]);
});

test('calls in flight have a third of what the pod has to end', async () => {
  const pod = { gracePeriodSeconds: 90, dpu: { gracePeriodSeconds: 6 } };
  expect(await served({})).toMatchObject([{ drainMs: 10_000 }]);
  expect(await served({}, pod)).toMatchObject([{ drainMs: 2_000 }]);
  expect(await served({ DPU_SIDE: 'host' }, pod)).toMatchObject([{ drainMs: 30_000 }]);
  expect(await served({ DPU_GRACE_PERIOD: '180' }, pod)).toMatchObject([{ drainMs: 60_000 }]);
});

test.each([
  [
    'DPU_PRODUCT is no product of the plugin, is "Tset DPU"; did you mean Test DPU? There are Test DPU, Test DPU 2',
    { DPU_PRODUCT: 'Tset DPU' },
  ],
  ['DPU_SIDE must be "host" or "dpu", is "both"', { DPU_SIDE: 'both' }],
  ['DPU_DEADLINE must be a number', { DPU_DEADLINE: '1h' }],
  ['DPU_DEADLINE must be at most 86400, is 86401', { DPU_DEADLINE: '86401' }],
  ['DPU_GRACE_PERIOD must be more than 0, is 0', { DPU_GRACE_PERIOD: '0' }],
  ['DPU_SETTINGS must be JSON: ', { DPU_SETTINGS: '{' }],
])('is refused where it is wrong: %s', async (message, env) => {
  const fault = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(`environment: ${message}`) };
  await expect(served(env)).rejects.toMatchObject(fault);
});
