import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { PciFunctions } from '../attach/device/pci-functions.ts';
import { DeviceInfoFiles } from '../kubelet/device-info.ts';
import { DevicePool } from '../kubelet/pool.ts';
import { NodePodServices } from './pod-services.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function services() {
  const root = mkdtempSync(join(tmpdir(), 'services-'));
  const path = (name: string) => join(root, name);
  mkdirSync(path('kubelet'));
  mkdirSync(path('daemon'));
  const pool = new DevicePool();
  const pci = new PciFunctions();
  const deviceInfo = new DeviceInfoFiles({ directory: path('devinfo'), pci });
  const askVendor = async () => undefined;
  const servers = { started: 0, closed: 0 };
  const trust = {
    onDisk: true,
    keepOnDisk: () => {
      trust.onDisk = true;
    },
    takeOffDisk: async () => {
      trust.onDisk = false;
    },
  };
  const of = new NodePodServices({
    cni: { source: path('dpu-cni'), directory: path('bin') },
    startCniServer: async () => {
      servers.started += 1;
      const close = async () => {
        servers.closed += 1;
      };
      return { retry: () => {}, close };
    },
    devicePlugins: { directory: path('kubelet'), pool, pci, deviceInfo, askVendor, logger },
    deviceInfo,
    trust,
    daemonDirectory: path('daemon'),
    logger,
  });
  cleanups.push(() => of.close());
  return { of, pool, path, servers, trust };
}

const ownFile = 'openshift.io-dpu-0000:01:00.2-device.json';
const networkFile = 'openshift.io-dpunetwork-blue-0000:01:00.3-device.json';
const anothersFile = 'openshift.io-sriov-0000:01:00.2-device.json';
const device = [{ id: 'vf0', healthy: true }];

test('a start that failed halfway is finished by the next, with the same server', async () => {
  const { of, pool, path, servers } = services();
  await expect(of.start()).rejects.toThrow('ENOENT');
  expect(of.started).toBe(false);
  writeFileSync(path('dpu-cni'), '#!');
  await of.start();
  expect([of.started, servers.started, existsSync(path('bin/dpu-cni'))]).toEqual([true, 1, true]);
  pool.set('dpu', device);
  await vi.waitFor(() => expect(existsSync(path('kubelet/dpuNet.sock'))).toBe(true));
});

test('what is taken off a node without a DPU is the executable and the server, not what is written down', async () => {
  const { of, path, servers } = services();
  writeFileSync(path('dpu-cni'), '#!');
  mkdirSync(path('daemon/state'));
  await of.start();
  await of.uninstall();
  expect([of.started, servers.closed, existsSync(path('bin/dpu-cni'))]).toEqual([false, 1, false]);
  expect(existsSync(path('daemon/state'))).toBe(true);
  await of.start();
  expect([of.started, servers.started, existsSync(path('bin/dpu-cni'))]).toEqual([true, 2, true]);
});

test('what was removed from the node is there again after another start', async () => {
  const { of, path, servers, trust } = services();
  writeFileSync(path('dpu-cni'), '#!');
  await of.start();
  mkdirSync(path('daemon/state'));
  mkdirSync(path('devinfo'));
  for (const name of [ownFile, networkFile, anothersFile]) writeFileSync(path(`devinfo/${name}`), '{}');
  await of.remove();
  expect(readdirSync(path('devinfo'))).toEqual([anothersFile]);
  expect([of.started, servers.closed, existsSync(path('bin/dpu-cni'))]).toEqual([false, 1, false]);
  expect([trust.onDisk, existsSync(path('daemon/state'))]).toEqual([false, false]);
  await of.start();
  expect([of.started, servers.started, existsSync(path('bin/dpu-cni'))]).toEqual([true, 2, true]);
  expect(trust.onDisk).toBe(true);
});
