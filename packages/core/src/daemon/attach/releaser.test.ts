import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { gone, type Presence, there, unknown } from '../presence.ts';
import type { DataPath, DpuEntry } from './collaborators.ts';
import type { HostReturn, Returned } from './link/host-return.ts';
import { AttachmentStore } from './record/store.ts';
import { Releaser } from './releaser.ts';
import { attachmentOf } from './testing/attachment.ts';
import { dataPathOf } from './testing/dpu.ts';

const logger = pino({ level: 'silent' });
const ipamCall = { type: 'host-local', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
const record = attachmentOf({ ipam: ipamCall });
const unused = async () => {};

interface Environment {
  presence?: Presence<DpuEntry>;
  returnToHost?: HostReturn['returnToHost'];
  freeAddresses?: () => Promise<void>;
}

/** By default a DPU that was torn down, a device that comes home and addresses that go back. */
function makeReleaser({ presence = gone, returnToHost, freeAddresses }: Environment = {}) {
  const directory = join(mkdtempSync(join(tmpdir(), 'releaser-')), 'attachments');
  const store = new AttachmentStore({ directory, logger });
  store.put(record);
  const releaser = new Releaser({
    store,
    logger,
    hostReturn: { returnToHost: returnToHost ?? (async () => ({ complete: true })) },
    ipam: { del: freeAddresses ?? unused },
    index: {
      find: () => undefined,
      locate: () => undefined,
      dpu: () => undefined,
      dpuSide: () => undefined,
      presence: () => presence,
      list: () => [],
    },
  });
  return { releaser, store, directory };
}

const dpuWith = (more: Partial<DataPath>): Presence<DpuEntry> =>
  there({
    dpuName: 'dpu',
    side: 'dpu',
    dataPath: dataPathOf(more),
  });

test('a DPU that is not there for a moment keeps the attachment', async () => {
  const { releaser, store } = makeReleaser({ presence: unknown('not found yet') });
  await expect(releaser.release(record)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /dpu: not found yet/ });
  expect(store.get(record)?.state).toBe('detaching');
});

test('addresses go back while the device moves: no program is started before that', async () => {
  const log: string[] = [];
  const freed = Promise.withResolvers<void>();
  const { releaser } = makeReleaser({
    returnToHost: async (_record, onMoving) => {
      // Whatever else is ready has its turn first.
      await new Promise(setImmediate);
      log.push('moving');
      onMoving?.();
      await freed.promise;
      return { complete: true };
    },
    freeAddresses: async () => {
      log.push('addresses');
      freed.resolve();
    },
  });
  expect(await releaser.release(record)).toBe('complete');
  expect(log).toEqual(['moving', 'addresses']);
});

test('a DPU that was torn down keeps no pod from being deleted', async () => {
  const { releaser, store } = makeReleaser();
  expect(await releaser.release(record)).toBe('complete');
  expect(store.list()).toEqual([]);
});

test('addresses that cannot go back keep no device from the next pod', async () => {
  const { releaser, store } = makeReleaser({ freeAddresses: () => Promise.reject(new Error('no answer')) });
  await expect(releaser.release(record)).rejects.toThrow('no answer');
  expect(store.get(record)).toMatchObject({ state: 'detaching', deviceIsBack: true });
  expect(store.holderOf(record.deviceId)).toBeUndefined();
});

test('a device that is not back yet stays its record’s, and everything else is undone once', async () => {
  const ports: string[] = [];
  const deleteBridgePort = async (name: string) => void ports.push(name);
  let addresses = 0;
  let returned: Returned = { complete: false, reason: 'late' };
  const { releaser, store } = makeReleaser({
    presence: dpuWith({ deleteBridgePort }),
    returnToHost: async () => returned,
    freeAddresses: async () => {
      addresses += 1;
    },
  });
  expect(await releaser.release(record)).toBe('deviceAwaited');
  const awaited = store.holderOf(record.deviceId);
  expect(awaited).toMatchObject({ id: record.id, state: 'detaching' });
  returned = { complete: true };
  expect(await releaser.release(awaited ?? record)).toBe('complete');
  expect(store.list()).toEqual([]);
  expect([ports, addresses]).toEqual([['host0-3'], 1]);
});

test('a device that went with its card is told from one that the kernel still has', async () => {
  let returned: Returned = { complete: false, reason: 'away', functionIsAway: true };
  const { releaser, store } = makeReleaser({ returnToHost: async () => returned });
  expect(await releaser.release(record)).toBe('deviceAwaited');
  const awaited = store.holderOf(record.deviceId) ?? record;
  expect(awaited).toMatchObject({ id: record.id, functionIsAway: true });
  returned = { complete: false, reason: 'late' };
  expect(await releaser.release(awaited)).toBe('deviceAwaited');
  expect(store.holderOf(record.deviceId)).not.toHaveProperty('functionIsAway');
});

test('a full disk keeps nothing from being undone', async () => {
  const { releaser, store, directory } = makeReleaser();
  rmSync(directory, { recursive: true });
  writeFileSync(directory, '');
  expect(await releaser.release(record)).toBe('complete');
  expect(store.list()).toEqual([]);
  rmSync(directory);
  store.flush();
  expect(readdirSync(join(directory, '..'))).toEqual([]);
});

test.each(['closes it', 'fails to'])('a function of a chain keeps its device until the VSP %s', async (outcome) => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const deleteNetworkFunction: DataPath['deleteNetworkFunction'] = async (nf, chain) => {
    await gate.promise;
    log.push(`${nf.input} of ${chain}`);
    if (outcome === 'fails to') throw new DpuError('INTERNAL', 'a bug');
  };
  const { releaser, store } = makeReleaser({
    presence: dpuWith({ deleteNetworkFunction }),
    returnToHost: async () => {
      log.push('device');
      return { complete: true };
    },
  });
  const { bridgePort: _, ...rest } = record;
  const networkFunction = { input: 'a', output: 'b', chain: { name: 'shop/edge', function: 'nat' } };
  const held = { ...rest, role: 'networkFunction' as const, networkFunction };
  store.put(held);
  const released = releaser.release(held).catch(() => {});
  await new Promise(setImmediate);
  gate.resolve();
  await released;
  expect(log).toEqual(['a of shop/edge', 'device']);
  expect(store.list()).toHaveLength(outcome === 'fails to' ? 1 : 0);
});
