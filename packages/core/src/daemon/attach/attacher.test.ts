/** In which order an ADD is done: all at once, but what needs something else. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { CniError, cniCodes } from '../../cni-error.ts';
import { Attacher } from './attacher.ts';
import { PciFunctions } from './device/pci-functions.ts';
import { parseNetworkConfig } from './network-config.ts';
import type { Attachment } from './record/attachment.ts';
import { AttachmentStore } from './record/store.ts';
import { attachmentOf } from './testing/attachment.ts';
import { dataPathOf, hostSide, indexOf } from './testing/dpu.ts';

const pod = { namespace: 'shop', name: 'nat' };
const ipamOf = (type: string) => ({ type, env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' });

let store: AttachmentStore;
let begun: string[];
let done: string[];
/** What is to be done waits for these. */
let gates: Record<'move' | 'connect', PromiseWithResolvers<void>>;
let refusal: Error | undefined;

beforeEach(() => {
  const directory = join(mkdtempSync(join(tmpdir(), 'attacher-')), 'attachments');
  store = new AttachmentStore({ directory, logger: pino({ level: 'silent' }) });
  [begun, done] = [[], []];
  gates = { move: Promise.withResolvers(), connect: Promise.withResolvers() };
  refusal = undefined;
});

async function step(name: string, gate?: Promise<void>): Promise<void> {
  begun.push(name);
  await gate;
  done.push(name);
}

function attach(record: Attachment): Promise<unknown> {
  const connect = () => step('connect', gates.connect.promise);
  const dpu = hostSide(dataPathOf({ createBridgePort: connect, createNetworkFunction: connect }));
  const attacher = new Attacher({
    store,
    index: indexOf(() => dpu),
    chains: { of: async () => ({ chain: 'shop/edge', function: 'nat', functions: ['nat'], generation: 1 }) },
    links: { moveIntoPod: () => step('move', gates.move.promise), configure: () => step('configure') },
    ipam: {
      add: async () => {
        await step('allocate');
        if (refusal) throw refusal;
        return { ips: [{ address: '10.0.0.2/24' }], routes: [] };
      },
    },
    physicalFunctions: { apply: () => step('set') },
    pci: new PciFunctions('/nowhere'),
    writeDeviceInfo: () => {},
    logger: pino({ level: 'silent' }),
  });
  store.put(record);
  const { containerId, ifName, netns, ipam } = record;
  const network = parseNetworkConfig({ name: 'net' });
  return attacher.attach({ containerId, ifName, netns, ipam, network }, record);
}

/** Until nothing more begins by itself. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a port is made and addresses are handed out while the device moves; they are set when all is done', async () => {
  const attached = attach(attachmentOf({ ipam: ipamOf('host-local') }));
  await settle();
  expect(begun.sort()).toEqual(['allocate', 'connect', 'move']);
  gates.move.resolve();
  await settle();
  expect(begun).not.toContain('configure');
  gates.connect.resolve();
  await attached;
  expect(done.at(-1)).toBe('configure');
});

test('a plugin that may need the interface is called when that is in the pod and its port is there', async () => {
  const attached = attach(attachmentOf({ ipam: ipamOf('dhcp') }));
  gates.move.resolve();
  await settle();
  expect(begun).not.toContain('allocate');
  gates.connect.resolve();
  await attached;
  expect(done.slice(-2)).toEqual(['allocate', 'configure']);
});

test('a function of a chain is given when its last device is in the pod', async () => {
  const { bridgePort: _port, ...port } = attachmentOf({ role: 'networkFunction', pod });
  store.put({ ...port, id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f5', ifName: 'net2' });
  const attached = attach({ ...port, state: 'attaching' });
  await settle();
  expect(begun).toEqual(['move']);
  gates.move.resolve();
  gates.connect.resolve();
  await attached;
  expect(done).toEqual(['move', 'connect']);
});

test.each([
  ['that refuses has nothing to give back', new CniError(cniCodes.invalidConfig, 'no ranges'), undefined],
  ['that gives no answer may have', new Error('it was killed'), ipamOf('host-local')],
])('a plugin %s', async (_what, error, remembered) => {
  refusal = error;
  gates.move.resolve();
  gates.connect.resolve();
  await expect(attach(attachmentOf({ ipam: ipamOf('host-local') }))).rejects.toThrow(error.message);
  expect(store.list()[0]?.ipam).toEqual(remembered);
});
