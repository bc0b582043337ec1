import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { AttachEngine } from './engine.ts';
import { parseNetworkConfig } from './network-config.ts';
import type { DataPath, Side } from './ports.ts';
import { AttachmentStore } from './store.ts';

const logger = pino({ level: 'silent' });
const dataPath: DataPath = {
  createBridgePort: async () => {},
  deleteBridgePort: async () => {},
  createNetworkFunction: async () => {},
  deleteNetworkFunction: async () => {},
};

test('a network function on a node of both sides is no host port while its DPU side is not up', async () => {
  const store = new AttachmentStore({ directory: join(mkdtempSync(join(tmpdir(), 'engine-')), 'a'), logger });
  const host = { dpuName: 'a-host', side: 'host' as const, dataPath, pf: 0, vf: 0 };
  const engine = new AttachEngine({
    store,
    exec,
    logger,
    directory: {
      find: () => host,
      dpu: () => host,
      dpuSide: () => undefined,
      isGone: () => false,
      sides: () => new Set<Side>(['host', 'dpu']),
    },
  });
  const network = parseNetworkConfig({ name: 'dpunfcni-conf', deviceID: 'vf0' });
  const added = engine.add({ containerId: 'pod', ifName: 'net1', netns: '/proc/self/ns/net', network });
  await expect(added).rejects.toMatchObject({ code: 11 });
  expect(store.list()).toEqual([]);
});
