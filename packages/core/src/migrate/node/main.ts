/**
 * Runs in a pod on a node: `node migrate-node.mjs look|import|restore`, with the node's DataProcessingUnits in DPUS as JSON.
 * Its last line is JSON: the devices that pods have, or the error.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { resourceName } from '../../api/names/names.ts';
import { defaultKubeletRoot, netnsDirectory, podResourcesDirectory, stateDirectory } from '../../api/names/paths.ts';
import { DeviceHomes } from '../../daemon/attach/device/device-homes.ts';
import { Devices } from '../../daemon/attach/device/devices.ts';
import { AttachmentStore } from '../../daemon/attach/record/store.ts';
import { PodResources } from '../../daemon/kubelet/pod-resources.ts';
import { createLogger } from '../../log.ts';
import type { DeviceReport } from '../observed.ts';
import { NodeWork } from './node-work.ts';
import { copyOfRecords } from './records-copy.ts';

const dpusSchema = z.array(z.object({ name: z.string(), isDpuSide: z.boolean() }));

async function work(mode: string): Promise<readonly DeviceReport[]> {
  const {
    DPUS = '[]',
    GO_DIRECTORY = '',
    KUBELET_ROOT = defaultKubeletRoot,
    POD_NAME = '',
    NAMESPACE = '',
  } = process.env;
  const logger = createLogger('warn');
  const records = mode === 'look' ? copyOfRecords(stateDirectory, ['attachments', 'device-homes']) : stateDirectory;
  const kubelet = new PodResources({
    socketPath: `${podResourcesDirectory(KUBELET_ROOT)}/kubelet.sock`,
    resourcePrefix: resourceName,
    ownPod: { namespace: NAMESPACE, name: POD_NAME },
  });
  const node = new NodeWork({
    goDirectory: GO_DIRECTORY,
    namespaces: readdirSync(netnsDirectory).map((name) => join(netnsDirectory, name)),
    allocations: await kubelet.all(),
    dpus: dpusSchema.parse(JSON.parse(DPUS)),
    store: new AttachmentStore({ directory: `${records}/attachments`, logger }),
    homes: new DeviceHomes({ directory: `${records}/device-homes`, logger }),
    devices: new Devices(),
  });
  if (mode === 'look') return node.look();
  if (mode === 'import') return node.import();
  if (mode !== 'restore') throw new Error(`there is no ${mode}: look, import or restore`);
  return node.restore();
}

work(process.argv[2] ?? '').then(
  (devices) => process.stdout.write(`${JSON.stringify({ devices })}\n`),
  (error: unknown) => {
    process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
    process.exitCode = 1;
  },
);
