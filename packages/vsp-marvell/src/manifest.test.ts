import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { cards, detect, fakePlatform, fakeSysfs, ordinaryServer, startPlugin } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import plugin from './index.ts';

const { host, dpu } = cards.marvell;

test('the manifest is valid', () => {
  expect(parsePluginManifest(packageJson).products.map(({ name }) => name)).toEqual(['Marvell DPU']);
});

test.each([
  ['no card', ordinaryServer(), []],
  ['a card', host({ numVfs: 4 }), ['marvell-dpu-0000:01:00.0']],
  ['a card with two physical functions', host({ pfs: ['0000:01:00.0', '0000:01:00.1'] }), ['marvell-dpu-0000:01:00.0']],
  [
    'two cards',
    host({ pfs: ['0000:01:00.0', '0000:02:00.0'] }),
    ['marvell-dpu-0000:01:00.0', 'marvell-dpu-0000:02:00.0'],
  ],
  ['the card itself', dpu({ vfs: 4 }), ['marvell-dpu']],
])('detection: %s', async (_what, machine, identifiers) => {
  await using sysfs = await fakeSysfs(machine);
  expect((await detect({ packageJson, sysfs })).map(({ identifier }) => identifier)).toEqual(identifiers);
});

test.each([
  [{ dpdk: true }, 'settings.dpdk: needs settings.ovsDatabase'],
  [{ uplink: 'eth0' }, 'settings.uplink'],
  [{ ovsDatabase: 'db.sock' }, 'settings.ovsDatabase'],
])('settings that cannot be: %j', async (settings, words) => {
  await using sysfs = await fakeSysfs(dpu());
  const start = async () => {
    const platform = fakePlatform({ sysfs });
    await using vsp = await startPlugin(plugin as never, { packageJson, settings, platform });
    await vsp.client.init({ dpuMode: true, dpuIdentifier: 'marvell-dpu' });
  };
  await expect(start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) });
});
