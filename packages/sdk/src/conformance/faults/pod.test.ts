/** A plugin under test gets of its pod's fields what its manifest and the options say. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../host/testing.ts';
import { conformanceSuite } from '../suite.ts';
import { failedIds, memoryPackage } from '../testing/examine.ts';

test('a VSP has the grace period of its manifest to end', { timeout: 600_000 }, async () => {
  const plugin = await memoryPackage();
  const file = join(plugin, 'package.json');
  const json = JSON.parse(await readFile(file, 'utf8'));
  json.dpu.pod = { gracePeriodSeconds: 60, dpu: { gracePeriodSeconds: 2 } };
  await writeFile(file, JSON.stringify(json));
  const settings = { fault: 'closes without end' };
  const report = await conformanceSuite({ plugin, settings, only: ['shutdown.exit'] }).run();
  expect(report.results).toMatchObject([
    {
      id: 'shutdown.exit',
      status: 'failed',
      failure: { message: expect.stringContaining('the VSP still runs 2000 ms after SIGTERM') },
    },
  ]);
});

const reading = `export default {
  create: async ({ secrets, config, node }) => {
    const id = await secrets.read('id');
    return {
      address: { ip: '127.0.0.1', port: 50151 },
      getDevices: async () => [{ id: id + (await config.read('id')), healthy: true }],
      setNumVfs: async (count) => count,
    };
  },
};`;

test('the keys of Secret and ConfigMap are those of the directories', { timeout: 600_000 }, async () => {
  const plugin = await memoryPackage();
  await writeFile(join(plugin, 'index.mjs'), reading);
  const keys = await temporaryDirectory();
  await writeFile(join(keys, 'id'), 'vf');
  const only = ['devices.shape'];
  const directories = { secretDirectory: keys, configMapDirectory: keys };
  expect(failedIds(await conformanceSuite({ plugin, only, ...directories }).run())).toEqual([]);
  const { results } = await conformanceSuite({ plugin, only }).run();
  expect(results[0]?.failure?.message).toContain('no Secret with key id: name one in spec.secret');
});

test('a directory that is none, or one for a VSP that runs already, is refused', () => {
  expect(() => conformanceSuite({ plugin: '.', secretDirectory: '/nowhere' })).toThrow(
    'secretDirectory: is no directory',
  );
  const endpoint = { endpoint: 'unix:///x', modes: ['dpu' as const], configMapDirectory: '/' };
  expect(() => conformanceSuite(endpoint)).toThrow('configMapDirectory: a VSP at an endpoint runs already');
});
