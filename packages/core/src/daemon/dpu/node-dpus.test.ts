import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VspClient } from '@dpu-operator/sdk/client';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { type DataProcessingUnit, dataProcessingUnit } from '../../api/index.ts';
import { leavingHeader } from '../peer/owner.ts';
import { TestApiServer } from '../testing/api-server.ts';
import {
  dpuPath,
  found,
  missing,
  NodeDpusFixture,
  type NodeDpusFixtureOptions,
  pulledOut,
} from '../testing/node-dpus.ts';
import { freePort, Vsp } from '../testing/vsp.ts';
import { WriteLimit } from './status/write-limit.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const name = 'soft-dpu';
const path = `${dpuPath}/${name}`;
const detected: DetectedDpu = {
  name,
  identifier: 'soft',
  productName: 'Software DPU',
  side: 'dpu',
  plugin: '@dpu-operator/vsp-mock',
};
const away = missing(detected, 'PCI function 0000:01:00.0 is not there');

async function start(options: NodeDpusFixtureOptions = {}): Promise<NodeDpusFixture> {
  const fixture = await NodeDpusFixture.start(options);
  cleanups.push(() => fixture.close());
  return fixture;
}

/** With a DPU that has been taken into service. */
async function serving(options: NodeDpusFixtureOptions = {}): Promise<NodeDpusFixture> {
  const fixture = await start(options);
  fixture.finds(found(detected));
  await vi.waitFor(() => expect(fixture.condition(name)).toBeDefined());
  return fixture;
}

/** And its VSP. */
async function ready(options: NodeDpusFixtureOptions = {}) {
  const fixture = await start(options);
  const port = await freePort();
  const vsp = new Vsp(port);
  await vsp.start(fixture.vspDirectory(name));
  cleanups.push(() => vsp.stop());
  fixture.finds(found(detected));
  await vi.waitFor(() => expect(fixture.condition(name)?.status).toBe('True'), 20_000);
  // Hosts of these tests have no certificates.
  fixture.setSpec(name, { channel: { security: 'plain' } });
  await vi.waitFor(() => expect(fixture.condition(name, 'Channel')?.reason).toBe('Plain'));
  return { fixture, vsp, port };
}

/** The next daemon on the node, with another API server that has the same objects. */
async function restarted(first: NodeDpusFixture, pods: string[] = []): Promise<NodeDpusFixture> {
  first.close();
  const api = new TestApiServer();
  for (const [key, object] of first.api.objects) api.put(key, object);
  return await start({ directory: first.directory, api, pods });
}

test('makes the object of a detected DPU and says what it waits for', async () => {
  const fixture = await start();
  fixture.finds(found(detected));
  await vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ status: 'False', reason: 'VspNotRunning' }));
  expect(fixture.object(name)).toMatchObject({
    metadata: {
      labels: {
        'dpu.config.openshift.io/node': 'node-1',
        'dpu.config.openshift.io/side': 'dpu',
        'dpu.config.openshift.io/product': 'Software-DPU',
        'dpu.config.openshift.io/vendor': 'dpu-operator-vsp-mock',
      },
      annotations: {
        'dpu.config.openshift.io/plugin': '@dpu-operator/vsp-mock',
        'dpu.config.openshift.io/identifier': 'soft',
      },
      finalizers: ['dpu.config.openshift.io/daemon'],
    },
    spec: { dpuProductName: 'Software DPU', isDpuSide: true, nodeName: 'node-1' },
  });
  expect(fixture.nodeDpus.sides()).toEqual(new Set(['dpu']));
  expect(fixture.hasTraces(name)).toBe(true);
});

test('writes nothing while nothing changes', async () => {
  const { api } = await serving();
  const before = api.writes.filter((write) => !write.includes('events'));
  api.put(path, {
    ...api.objects.get(path),
    metadata: { ...api.objects.get(path)?.metadata, annotations: { a: 'b' } },
  });
  await vi.waitFor(() =>
    expect(api.objects.get(path)?.metadata.annotations).toMatchObject({
      'dpu.config.openshift.io/plugin': '@dpu-operator/vsp-mock',
    }),
  );
  const after = api.writes.filter((write) => !write.includes('events'));
  expect(after.slice(before.length)).toEqual([`PATCH ${path}`]);
});

test('a DPU that was pulled out is torn down, then its object goes', async () => {
  const fixture = await serving();
  fixture.finds(pulledOut(detected));
  await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
  expect(fixture.cleanups).toEqual([[]]);
  expect(fixture.hasTraces(name)).toBe(false);
  await vi.waitFor(() => expect(fixture.nodeDpus.presence(name)).toEqual({ is: 'gone' }));
});

test('a DPU that is missing for a moment keeps everything, and says what is missing and what to do', async () => {
  const { fixture, vsp } = await ready({ pods: ['shop/web'] });
  const uid = fixture.object(name)?.metadata.uid;
  const manager = fixture.dpus.manager(name);
  vsp.numVfs = 0;
  vsp.changed();
  await vi.waitFor(() => expect(fixture.devices()).toEqual([]));
  fixture.finds(away);
  await vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ status: 'False', reason: 'HardwareMissing' }));
  expect(fixture.condition(name)?.message).toContain('0000:01:00.0 is not there');
  expect(fixture.condition(name)?.message).toContain('kubectl delete dpu soft-dpu');
  expect(fixture.devices()).toEqual(['vf0 unhealthy', 'vf1 unhealthy']);
  expect(fixture.dpus.manager(name)).toBe(manager);
  expect([...fixture.nodeDpus.sides()]).toEqual(['dpu']);
  vsp.numVfs = 2;
  vsp.changed();
  fixture.finds(found(detected));
  await vi.waitFor(() => expect(fixture.condition(name)?.status).toBe('True'));
  await vi.waitFor(() => expect(fixture.devices()).toEqual(['vf0', 'vf1']));
  expect(fixture.object(name)?.metadata.uid).toBe(uid);
  expect(fixture.dpus.manager(name)).toBe(manager);
  expect(fixture.api.writes.filter((write) => write.startsWith('DELETE'))).toEqual([]);
});

test('a daemon that starts while its DPU is missing serves it, unhealthy', async () => {
  const { fixture: first, vsp } = await ready();
  const uid = first.object(name)?.metadata.uid;
  const second = await restarted(first);
  second.finds(away);
  await vi.waitFor(() => expect(second.condition(name)?.reason).toBe('HardwareMissing'));
  await vi.waitFor(() => expect(second.devices()).toEqual(['vf0 unhealthy', 'vf1 unhealthy']));
  second.finds(found(detected));
  await vi.waitFor(() => expect(second.condition(name)?.status).toBe('True'));
  expect(second.object(name)?.metadata.uid).toBe(uid);
  expect(vsp.forgotten).toEqual([]);
});

test('a DPU that is missing can be deleted by a person, and does not come back by itself', async () => {
  const fixture = await serving();
  fixture.finds(away);
  await vi.waitFor(() => expect(fixture.condition(name)?.reason).toBe('HardwareMissing'));
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
  expect(fixture.hasTraces(name)).toBe(false);
  const made = () => fixture.api.writes.filter((write) => write === `POST ${dpuPath}`).length;
  expect(made()).toBe(1);
  fixture.finds(found(detected));
  await vi.waitFor(() => expect(made()).toBe(2));
});

test.each([
  ['there', found(detected)],
  ['missing', away],
])('the object of a DPU that is %s is made again when somebody removes it by force', async (_presence, finding) => {
  const fixture = await serving();
  const manager = fixture.dpus.manager(name);
  fixture.finds(finding);
  const object = fixture.object(name);
  fixture.api.put(path, {
    ...object,
    metadata: { ...object?.metadata, finalizers: [], deletionTimestamp: '2026-01-01T00:00:00Z' },
  });
  await vi.waitFor(() => expect(fixture.object(name)?.metadata.uid).not.toBe(object?.metadata.uid));
  await vi.waitFor(() => expect(fixture.object(name)).toBeDefined());
  expect(fixture.dpus.manager(name)).toBe(manager);
});

test('pods keep a DPU, which says so, until the last is gone', async () => {
  const fixture = await serving({ pods: ['shop/web'] });
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ status: 'False', reason: 'InUse' }));
  expect(fixture.condition(name)).toMatchObject({ message: expect.stringContaining('shop/web') });
  fixture.finds(pulledOut(detected));
  fixture.pods.pop();
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
});

/** One that has a bridge port here. */
async function hostWithPort(port: number): Promise<VspClient> {
  const host = new VspClient({ address: `127.0.0.1:${port}`, logger: pino({ level: 'silent' }) });
  cleanups.push(() => host.close());
  await host.createBridgePort({
    name: 'bridgePorts/host0-0',
    macAddress: '02:00:00:00:00:01',
    type: 'ACCESS',
    logicalBridges: ['2'],
  });
  return host;
}

test('ports of hosts keep a DPU side, which says so, until the last is gone', async () => {
  const { fixture, port } = await ready();
  const host = await hostWithPort(port);
  const uid = fixture.object(name)?.metadata.uid;
  const answers: Readonly<Record<string, string>>[] = [];
  const ping = () => host.ping('host', { onMetadata: (metadata) => answers.push(metadata) });
  await ping();
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ status: 'False', reason: 'InUse' }));
  expect(fixture.condition(name)?.message).toContain('ports of hosts');
  // Its hosts hear that they are to send no new pods.
  await ping();
  expect(answers.map((metadata) => metadata[leavingHeader])).toEqual([undefined, 'true']);
  expect(fixture.devices()).toEqual([]);
  expect(fixture.hasTraces(name)).toBe(true);
  // Functions that the hosts' frames pass stay as long.
  expect(fixture.status(name)?.hosts).toHaveLength(1);
  await host.deleteBridgePort('bridgePorts/host0-0', { allowMissing: false });
  // It is there, so it is made again.
  await vi.waitFor(() => expect(fixture.object(name)?.metadata.uid).not.toBe(uid));
});

test('records that cannot be read keep a DPU; the condition that says so goes with them', async () => {
  const fixture = await serving();
  fixture.unreadable.push('/a.json (no JSON)');
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(fixture.condition(name, 'Records')?.message).toContain('/a.json'));
  expect(fixture.condition(name)?.reason).toBe('VspNotRunning');
  const uid = fixture.object(name)?.metadata.uid;
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.condition(name)?.reason).toBe('InUse'));
  fixture.unreadable.pop();
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(fixture.object(name)?.metadata.uid).not.toBe(uid));
  await vi.waitFor(() => expect(fixture.condition(name)).toBeDefined());
  expect(fixture.condition(name, 'Records')).toBeUndefined();
});

test.each(['init', 'bridge-ports', 'chains', 'network-function-deletions'])(
  'a record under %s that cannot be read keeps a DPU side until a person deletes it',
  async (records) => {
    const first = await serving();
    const directory = join(first.directory, 'state/dpu', name, records);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'a.json'), '{', { mode: 0o600 });
    const fixture = await restarted(first);
    const file = join(directory, 'set-aside/a.json');
    fixture.finds(found(detected));
    await vi.waitFor(() => expect(fixture.condition(name, 'Records')?.message).toContain(file));
    expect(fixture.dpus.allUnreadable()).toEqual([expect.stringContaining(file)]);
    fixture.api.delete(path);
    await vi.waitFor(() => expect(fixture.condition(name)?.reason).toBe('InUse'));
    fixture.finds(pulledOut(detected));
    rmSync(file);
    await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
  },
);

test('a record of a DPU that cannot be read keeps every DPU: it may be of any', async () => {
  const first = await serving();
  const directory = join(first.directory, 'state/dpus');
  writeFileSync(join(directory, 'a.json'), '{', { mode: 0o600 });
  const file = join(directory, 'set-aside/a.json');
  const fixture = await restarted(first);
  fixture.finds(found(detected));
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.condition(name, 'Records')?.message).toContain(file));
  fixture.finds(pulledOut(detected));
  rmSync(file);
  await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
});

test('ports of hosts keep a DPU side that is not served: what is on disk counts', async () => {
  const { fixture: first, port } = await ready();
  await hostWithPort(port);
  rmSync(join(first.directory, 'state/dpus'), { recursive: true });
  first.api.delete(path);
  const fixture = await restarted(first);
  await vi.waitFor(() => expect(fixture.condition(name)?.message).toContain('ports of hosts'));
  expect(fixture.dpus.manager(name)).toBeUndefined();
});

test('a DPU that somebody orders to go is deleted, also while it is missing', async () => {
  const fixture = await serving();
  fixture.finds({ ...away, removal: 'node node-1 has no label dpu=true any more' });
  await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
  expect(fixture.hasTraces(name)).toBe(false);
});

test('an object that somebody deletes while the DPU stays is made again', async () => {
  const fixture = await serving();
  const uid = fixture.object(name)?.metadata.uid;
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.object(name)?.metadata.uid).not.toBe(uid));
  await vi.waitFor(() => expect(fixture.condition(name)).toBeDefined());
});

test('a daemon that starts while its DPU is being deleted finishes that', async () => {
  const first = await serving({ pods: ['shop/web'] });
  first.api.delete(path);
  await vi.waitFor(() => expect(first.condition(name)?.reason).toBe('InUse'));
  const second = await restarted(first);
  await vi.waitFor(() => expect(second.object(name)).toBeUndefined());
  expect(second.cleanups.at(-1)).toEqual([]);
});

test('a daemon that starts anew leaves its DPU alone until it has looked', async () => {
  const first = await serving();
  const object = first.object(name);
  first.api.put(path, { ...object, metadata: { ...object?.metadata, annotations: {} } });
  const second = await restarted(first);
  await vi.waitFor(() => expect(second.dpus.manager(name)?.ready).toBeDefined());
  expect(second.api.writes).toEqual([]);
  second.finds(found(detected));
  await vi.waitFor(() => expect(second.object(name)?.metadata.annotations).not.toEqual({}));
  expect(second.api.writes.filter((write) => write.startsWith('DELETE'))).toEqual([]);
});

test('before the first look the DPUs of an earlier daemon are served, and count', async () => {
  const { nodeDpus } = await restarted(await serving());
  expect([nodeDpus.hasLooked, [...nodeDpus.sides()]]).toEqual([false, ['dpu']]);
  expect([nodeDpus.presence(name).is, nodeDpus.presence('other').is]).toEqual(['there', 'unknown']);
  nodeDpus.setFindings([found(detected)]);
  expect([nodeDpus.hasLooked, nodeDpus.presence('other').is]).toEqual([true, 'gone']);
});

test('a DPU side that is being deleted says that no host uses it, so that its network functions go', async () => {
  const fixture = await serving({ pods: ['shop/firewall'] });
  expect(fixture.status(name)?.hosts).toBeUndefined();
  fixture.api.delete(path);
  await vi.waitFor(() => expect(fixture.status(name)?.hosts).toEqual([]));
  expect(fixture.nodeDpus.sides()).toEqual(new Set(['dpu']));
  await vi.waitFor(() => expect(fixture.dpus.manager(name)?.devices.withdrawn).toBe(true));
});

test('a DPU that was pulled out and has no object any more is torn down when no pod uses it, not before', async () => {
  const fixture = await serving({ pods: ['shop/web'] });
  fixture.finds(pulledOut(detected));
  await vi.waitFor(() => expect(fixture.condition(name)?.reason).toBe('InUse'));
  const object = fixture.object(name);
  fixture.api.put(path, { ...object, metadata: { ...object?.metadata, finalizers: [] } });
  await vi.waitFor(() => expect(fixture.object(name)).toBeUndefined());
  await vi.waitFor(() => expect(fixture.nodeDpus.hasObjects).toBe(false));
  fixture.nodeDpus.attachmentsChanged();
  expect(fixture.nodeDpus.presence(name).is).toBe('there');
  fixture.pods.pop();
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(fixture.nodeDpus.presence(name)).toEqual({ is: 'gone' }));
  expect(fixture.cleanups).toEqual([[]]);
});

test('two nodes whose DPUs have one identifier are both served; the name of the second never changes', async () => {
  const first = await serving();
  const second = await start({ api: new TestApiServer(), nodeName: 'node-2' });
  const behind = 'soft-node-2-dpu';
  const foreign = first.object(name);
  if (foreign) second.api.put(path, foreign);
  second.nodeDpus.on('needsLook', () => {
    const known = second.nodeDpus.known().find(({ identifier }) => identifier === 'soft');
    second.finds(found({ ...detected, name: known?.name ?? name }));
  });
  second.finds(found(detected));
  await vi.waitFor(() => expect(second.condition(behind)).toBeDefined());
  expect(second.object(name)).toMatchObject({ spec: { nodeName: 'node-1' } });
  expect(second.object(behind)).toMatchObject({ spec: { nodeName: 'node-2' } });
  expect(second.dpus.manager(behind)?.dpu).toMatchObject({ name: behind, identifier: 'soft' });
  const uid = second.object(behind)?.metadata.uid;
  second.api.put(path, { ...foreign, metadata: { ...foreign?.metadata, finalizers: [] } } as never);
  second.api.delete(path);
  second.finds(found({ ...detected, name: behind, plugin: 'other' }));
  await vi.waitFor(() =>
    expect(second.object(behind)?.metadata.annotations).toMatchObject({ 'dpu.config.openshift.io/plugin': 'other' }),
  );
  expect([second.object(name), second.object(behind)?.metadata.uid]).toEqual([undefined, uid]);
});

test('after a reboot, which leaves no records, the object says which DPU it is', async () => {
  const first = await serving();
  first.close();
  const api = new TestApiServer();
  const object = first.object(name);
  if (object) api.put(path, object);
  const second = await start({ api });
  expect(second.nodeDpus.known()).toEqual([detected]);
  second.finds(away);
  await vi.waitFor(() => expect(second.condition(name)?.reason).toBe('HardwareMissing'));
  expect(second.dpus.record(name)).toEqual(detected);
});

test('asks for a look where there is an object that detection has not looked for', async () => {
  const api = new TestApiServer();
  const kind = { apiVersion: 'config.openshift.io/v1', kind: 'DataProcessingUnit' };
  const labels = { 'dpu.config.openshift.io/node': 'node-1' };
  api.put(path, { ...kind, metadata: { name, labels }, spec: { isDpuSide: true, nodeName: 'node-1' } });
  const fixture = await start({ api });
  const needsLook = new Promise<void>((resolve) => fixture.nodeDpus.once('needsLook', resolve));
  fixture.finds();
  await needsLook;
  expect(fixture.nodeDpus.known()).toMatchObject([{ name, side: 'dpu', plugin: '' }]);
});

test('a DPU that becomes ready is told once, and again after it was not', async () => {
  const fixture = await serving();
  for (const times of [1, 2]) {
    const vsp = new Vsp(await freePort());
    await vsp.start(fixture.vspDirectory(name));
    await vi.waitFor(() => expect(fixture.ready).toBe(times), 20_000);
    await vsp.stop();
    await vi.waitFor(() => expect(fixture.dpus.manager(name)?.ready?.status).toBe('False'));
  }
});

test('a host that does not come back is forgotten by an order, which is for once; one that is connected is not', async () => {
  const { fixture: first, vsp, port } = await ready();
  const host = new VspClient({
    address: `127.0.0.1:${port}`,
    logger: pino({ level: 'silent' }),
    metadata: { 'dpu-owner': 'node-7/a-dpu' },
  });
  cleanups.push(() => host.close());
  await vi.waitFor(() => host.ping('node-7'));
  await host.createBridgePort({
    name: 'host0-1',
    macAddress: '02:00:00:00:00:01',
    type: 'ACCESS',
    logicalBridges: ['3'],
  });
  await orderedToForget(first);
  expect(vsp.ports.size).toBe(1);
  host.close();
  const second = await restarted(first);
  second.finds(found(detected));
  await vi.waitFor(() => expect(second.dpus.manager(name)?.ready?.status).toBe('True'));
  await orderedToForget(second);
  await vi.waitFor(() => expect(vsp.ports.size).toBe(0));
  expect(second.dpus.manager(name)?.dpuSide?.dataPath.hostPorts.users()).toEqual([]);
});

/** A person's order, as it is when it has been obeyed. */
async function orderedToForget({ api }: NodeDpusFixture): Promise<void> {
  const annotation = 'dpu.config.openshift.io/forget-host';
  const { metadata } = dataProcessingUnit.schema.parse(api.objects.get(path));
  const annotations = { ...metadata.annotations, [annotation]: 'node-7/a-dpu' };
  api.put(path, { ...api.objects.get(path), metadata: { ...metadata, annotations } });
  await vi.waitFor(() => expect(api.objects.get(path)?.metadata.annotations).not.toHaveProperty([annotation]));
}

test('what has come of a number of virtual functions is said with the generation of the object that asks for it', async () => {
  const fixture = await start();
  const hostSide: DetectedDpu = { ...detected, name: 'soft-host', side: 'host' };
  const vsp = new Vsp(await freePort());
  await vsp.start(fixture.vspDirectory('soft-host'));
  cleanups.push(() => vsp.stop());
  fixture.finds(found(hostSide));
  await vi.waitFor(() => expect(fixture.devices()).toHaveLength(2));
  const hostPath = `${dpuPath}/soft-host`;
  const wish = (numVfs: number, generation: number) => {
    const object = fixture.object('soft-host');
    fixture.api.put(hostPath, {
      ...object,
      metadata: { ...object?.metadata, generation },
      spec: { ...(object?.spec as object), numVfs },
    });
  };
  wish(9, 2);
  const said = () => fixture.condition('soft-host', 'VfCount');
  await vi.waitFor(() => expect(said()).toMatchObject({ status: 'False', reason: 'Refused', observedGeneration: 2 }));
  wish(3, 3);
  await vi.waitFor(() => expect(said()).toMatchObject({ status: 'True', observedGeneration: 3 }));
});

test('that its VSP is not there yet is no Warning at the start', async () => {
  const { api } = await serving();
  const events = () =>
    [...api.objects].filter(([key]) => key.includes('/events/')).map(([, { type, reason }]) => `${type} ${reason}`);
  await vi.waitFor(() => expect(events()).toContain('Normal VspNotRunning'));
  expect(events().filter((event) => event.startsWith('Warning'))).toEqual([]);
});

test('what a plugin says of its card is in the status, with an event for each transition, and stays while its VSP is away', async () => {
  const { fixture, vsp } = await ready();
  const card = () => (fixture.object(name)?.status as DataProcessingUnit['status'])?.card;
  vsp.card?.firmware('7.1.0');
  vsp.card?.link({ name: 'p0', up: false });
  vsp.card?.set({ type: 'Uplink', status: 'False', reason: 'NoCarrier', message: 'check the cable' });
  vsp.card?.event({ type: 'Normal', reason: 'FirmwareLoaded', message: 'in 3 s' });
  await vi.waitFor(() =>
    expect(card()).toEqual({
      firmwareVersion: '7.1.0',
      links: [{ name: 'p0', up: false }],
      conditions: [
        {
          type: 'Uplink',
          status: 'False',
          reason: 'NoCarrier',
          message: 'check the cable',
          lastTransitionTime: expect.any(String),
        },
      ],
    }),
  );
  await vi.waitFor(() => {
    const events = [...fixture.api.objects].filter(([key]) => key.includes('/events/')).map(([, object]) => object);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'NoCarrier',
        note: 'plugin: Uplink is False: check the cable',
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'Normal', reason: 'FirmwareLoaded', note: 'plugin: in 3 s' }),
    );
  });
  await vsp.stop();
  await vi.waitFor(() => expect(fixture.condition(name)?.reason).toBe('VspNotRunning'), 20_000);
  expect(card()).toMatchObject({ firmwareVersion: '7.1.0' });
});

test('words that change with every report are written now and then: the newest, and none is lost', async () => {
  let now = 0;
  // The clock stands still: whoever waits for his turn asks again every 20 ms, in vain.
  const messageLimit = () => new WriteLimit({ atOnce: 1, intervalMs: 20, now: () => now });
  const { fixture, vsp } = await ready({ messageLimit });
  const report = async (reason: string) => {
    vsp.unhealthy = true;
    vsp.details = () => ({ reason });
    vsp.changed();
    await vi.waitFor(() => expect(fixture.dpus.manager(name)?.ready?.message).toContain(reason));
  };
  const shown = () => fixture.condition(name)?.message;
  now += 20;
  await report('retry 4');
  await vi.waitFor(() => expect(shown()).toContain('vf0 (retry 4)'));
  await report('retry 5');
  // What is no mere word is written at once, and takes the newest along.
  vsp.card?.firmware('7.2');
  await vi.waitFor(() => expect(fixture.status(name)?.card?.firmwareVersion).toBe('7.2'));
  expect(shown()).toContain('retry 5');
  await report('retry 6');
  await report('retry 7');
  expect(shown()).toContain('retry 5');
  now += 20;
  await vi.waitFor(() => expect(shown()).toContain('retry 7'));
});
