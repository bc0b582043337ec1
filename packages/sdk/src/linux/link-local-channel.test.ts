import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cards, fakePlatform, fakeSysfs } from '../testing/index.ts';
import { keepLinkLocalChannel } from './link-local-channel.ts';

const pciAddress = '0000:ca:00.0';
const channel = { side: 'host', pciAddress, port: 8085 } as const;
const logger = { warn: () => {} } as never;

async function openWhile(renames: (device: string, rename: (to: string) => Promise<void>) => Promise<void>) {
  await using sysfs = await fakeSysfs(cards.intelNetsec.host());
  const stop = new AbortController();
  const opened: string[] = [];
  const net = join(sysfs.root, 'bus/pci/devices', pciAddress, 'net');
  try {
    const made = await keepLinkLocalChannel(
      {
        platform: fakePlatform({ sysfs }),
        logger,
        signal: stop.signal,
        open: async (_platform, { device, port }) => {
          opened.push(device);
          await renames(device, (to) => rename(join(net, device), join(net, to)));
          return { ip: `[fe80::1%25${device}]`, port };
        },
      },
      channel,
    );
    return { ...made, opened };
  } finally {
    stop.abort();
  }
}

test('a device that is renamed after it was opened is answered by its new name', async () => {
  const made = await openWhile(async (device, to) => {
    if (device === 'ens1f0') await to('renamed0');
  });
  expect(made).toMatchObject({
    device: 'renamed0',
    address: { ip: '[fe80::1%25renamed0]' },
    opened: ['ens1f0', 'renamed0'],
  });
});

test('so is one that is not there any more under the name that was found', async () => {
  const made = await openWhile(async (device, to) => {
    if (device !== 'ens1f0') return;
    await to('renamed0');
    throw new Error('there is no network device ens1f0');
  });
  expect(made.device).toBe('renamed0');
});

test('another error is told at once', async () => {
  await expect(
    openWhile(async () => {
      throw new Error('not permitted');
    }),
  ).rejects.toThrow('not permitted');
});
