/** Hosts and a DPU side over real gRPC. */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { HostDataPath, type HostDataPathOptions } from '../datapath/host-ports/host-data-path.ts';
import { silent as logger, temporaryDirectory, port as vspPort } from '../datapath/testing.ts';
import { freePort } from '../testing/vsp.ts';
import { plainEnd } from '../trust/testing.ts';
import { anonymousOwner, ownerFrom, ownerHeader } from './owner.ts';
import { attachmentsOf, type DpuSideOptions, startDpuSide as serveDpuSide } from './testing.ts';

const port = (index: number, mac?: string): BridgePort => ({ ...vspPort(index, mac), name: `host0-${index}` });
const named = (ports: readonly BridgePort[]) => ports.map(({ name }) => name.replace('bridgePorts/', '')).sort();
const [a, b] = ['host-1/dpu-a', 'host-2/dpu-b'];

async function startDpuSide(options: Partial<DpuSideOptions> = {}) {
  const dpu = await serveDpuSide({ directory: temporaryDirectory(), port: await freePort(), ...options });
  onTestFinished(dpu.close);
  return dpu;
}

interface HostOptions extends Partial<HostDataPathOptions> {
  owner?: string;
}

function startHost(address: string, wanted: BridgePort[], { owner = a, ...options }: HostOptions = {}) {
  const [nodeName = '', dpuName = ''] = owner.split('/');
  const said: string[] = [];
  const host: HostDataPath = new HostDataPath({
    dpuName: 'dpu-a',
    end: plainEnd({ side: 'host', nodeName, dpuName }),
    nodeName: 'host-1',
    directory: temporaryDirectory(),
    attachments: { bridgePorts: () => wanted },
    onChange: () => said.push(host.outage?.reason ?? 'reachable'),
    logger,
    heartbeatMs: 50,
    graceMs: 0,
    isKnownDpu: false,
    ...options,
  });
  host.connect(address);
  onTestFinished(() => host.close());
  const reachable = () => vi.waitFor(() => expect([host.isKnown, host.outage]).toEqual([true, undefined]));
  const says = (reason: string) => vi.waitFor(() => expect(host.outage?.reason).toBe(reason));
  const { add, remove } = attachmentsOf(host, wanted);
  return { host, said, reachable, says, add, remove };
}

test('bridge ports reach the DPU side and its disk', async () => {
  const dpu = await startDpuSide();
  const { reachable, add, remove, host } = startHost(dpu.address, []);
  await reachable();
  await add(port(3));
  expect(dpu.ports.get(a, 'host0-3')).toEqual({ ...port(3), name: 'bridgePorts/host0-3' });
  await remove('host0-3');
  await host.deleteBridgePort('host0-3');
  expect(dpu.ports.list(a)).toEqual([]);
  expect(dpu.bridge.ports.size).toBe(0);
});

test('a port that waits at the DPU side for its card is none that is there: the ADD waits for it', async () => {
  const dpu = await startDpuSide();
  const first = startHost(dpu.address, []);
  await first.reachable();
  const held = Promise.withResolvers<void>();
  dpu.bridge.gate = () => held.promise;
  const asked = vi.spyOn(dpu.ports, 'create');
  const lost = first.add(port(3)).catch(() => {});
  await vi.waitFor(() => expect(dpu.bridge.calls).toEqual(['create host0-3']));
  first.host.close();
  // Its daemon starts anew, and the kubelet repeats the ADD.
  const { reachable, add } = startHost(dpu.address, []);
  const added = vi.fn();
  const adding = add(port(3)).then(added);
  await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
  expect(dpu.ports.list(a)[0]?.components).toEqual([
    { name: 'programming', status: 'PENDING', details: '{"message":"it is being asked for"}' },
  ]);
  expect(added).not.toHaveBeenCalled();
  held.resolve();
  await Promise.all([adding, reachable(), lost]);
  expect(dpu.ports.list(a)).toEqual([{ ...port(3), name: 'bridgePorts/host0-3' }]);
});

test('on connecting the DPU side is made to agree with the attachments of the host', async () => {
  const dpu = await startDpuSide();
  for (const there of [port(1), port(2, '02:00:00:00:00:ff'), port(4)]) await dpu.ports.create(a, there);
  const { reachable } = startHost(dpu.address, [port(1), port(2), port(3)]);
  await reachable();
  const macs = dpu.ports.list(a).map(({ name, macAddress }) => [name, macAddress]);
  expect(macs.sort()).toEqual([1, 2, 3].map((i) => [`bridgePorts/host0-${i}`, `02:00:00:00:00:0${i}`]));
});

test('while attachments cannot be read, no port is deleted because none is seen to need it', async () => {
  const dpu = await startDpuSide();
  await dpu.ports.create(a, port(4));
  const attachments = { bridgePorts: () => [port(1)], unreadable: () => ['a.json (cut short)'] };
  const { reachable, host } = startHost(dpu.address, [], { attachments });
  await reachable();
  expect(named(dpu.ports.list(a))).toEqual(['host0-1', 'host0-4']);
  await host.deleteBridgePort('host0-4');
  expect(named(dpu.ports.list(a))).toEqual(['host0-1']);
});

test('a broken connection is told, and what happened meanwhile is made up for', async () => {
  const dpu = await startDpuSide();
  const wanted = [port(1), port(2)];
  const { host, said, reachable, says, remove } = startHost(dpu.address, wanted);
  await reachable();
  dpu.close();
  await says('PeerUnreachable');
  await expect(host.createBridgePort(port(3))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await remove('host0-2');
  const again = await startDpuSide({ directory: dpu.directory, port: Number(dpu.address.split(':')[1]) });
  await reachable();
  expect(named(again.ports.list(a))).toEqual(['host0-1']);
  expect(said).toEqual(['reachable', 'PeerUnreachable', 'reachable']);
});

test('a restart within the grace period is no outage: pods wait for it', async () => {
  const dpu = await startDpuSide();
  const { said, reachable, add, host } = startHost(dpu.address, [], { graceMs: 60_000 });
  await reachable();
  dpu.close();
  let isAdded = false;
  const adding = add(port(3)).then(() => {
    isAdded = true;
  });
  await expect(host.deleteBridgePort('host0-9')).resolves.toBeUndefined();
  expect(isAdded).toBe(false);
  const again = await startDpuSide({ directory: dpu.directory, port: Number(dpu.address.split(':')[1]) });
  await adding;
  expect(named(again.ports.list(a))).toEqual(['host0-3']);
  expect(said).toEqual(['reachable']);
});

test('a host whose daemon starts anew gives a DPU side that it knows the same time', async () => {
  const listening = await freePort();
  const known = startHost(`127.0.0.1:${listening}`, [port(1)], { graceMs: 60_000, isKnownDpu: true });
  const fresh = startHost(`127.0.0.1:${listening}`, [], { owner: b, graceMs: 60_000 });
  await fresh.says('PeerUnreachable');
  expect([known.host.isKnown, known.said]).toEqual([false, []]);
  const dpu = await startDpuSide({ port: listening });
  await known.reachable();
  expect(named(dpu.ports.list(a))).toEqual(['host0-1']);
  expect(known.said).toEqual(['reachable']);
});

test('a DPU side that answers but does not work is told apart', async () => {
  const dpu = await startDpuSide();
  dpu.vsp.healthy = false;
  const { reachable, says } = startHost(dpu.address, [port(1)]);
  await says('PeerNotReady');
  dpu.vsp.healthy = true;
  await reachable();
  expect(dpu.ports.list(a)).toHaveLength(1);
});

test('two servers cannot have one address', async () => {
  const dpu = await startDpuSide();
  const taken = Number(dpu.address.split(':')[1]);
  await expect(startDpuSide({ port: taken })).rejects.toThrow(/cannot listen for hosts on 127.0.0.1/);
});

test('a port that the DPU side refuses does not keep the host from the others', async () => {
  const dpu = await startDpuSide({
    refuse: (call) => (call === 'create host0-1' ? new DpuError('RESOURCE_EXHAUSTED', 'full') : undefined),
  });
  const { reachable, add } = startHost(dpu.address, [port(1), port(2)]);
  await reachable();
  expect(named(dpu.ports.list(a))).toEqual(['host0-2']);
  await add(port(3));
});

test('two hosts on one card have the same VF numbers and do not touch each other', async () => {
  const dpu = await startDpuSide();
  const first = startHost(dpu.address, [port(1), port(2)]);
  const second = startHost(dpu.address, [port(1, '02:00:00:00:00:b1')], { owner: b });
  await Promise.all([first.reachable(), second.reachable()]);
  expect(dpu.bridge.ports.size).toBe(3);
  await second.remove('host0-1');
  expect([named(dpu.ports.list(a)), named(dpu.ports.list(b))]).toEqual([['host0-1', 'host0-2'], []]);
  await second.add(port(1, '02:00:00:00:00:b2'));
  await first.remove('host0-1');
  const macs = [...dpu.bridge.ports.values()].map(({ macAddress }) => macAddress).sort();
  expect(macs).toEqual(['02:00:00:00:00:02', '02:00:00:00:00:b2']);
  expect([...dpu.heard].sort()).toEqual([a, b]);
});

test('two host DPUs of one node are two hosts', async () => {
  const dpu = await startDpuSide();
  const first = startHost(dpu.address, [port(1)], { owner: 'host-1/dpu-a' });
  const second = startHost(dpu.address, [port(1, '02:00:00:00:00:b1')], { owner: 'host-1/dpu-b' });
  await Promise.all([first.reachable(), second.reachable()]);
  expect(dpu.bridge.ports.size).toBe(2);
});

test('a host that says nothing of itself, as the Go daemon, is one by itself', async () => {
  const dpu = await startDpuSide();
  const ours = startHost(dpu.address, [port(1)]);
  await ours.reachable();
  const go = new VspClient({ address: dpu.address, logger });
  onTestFinished(() => go.close());
  await vi.waitFor(() => go.ping('go-host'));
  expect(await go.listBridgePorts()).toEqual([]);
  await go.createBridgePort(port(1, '02:00:00:00:00:60'));
  await go.createBridgePort(port(2));
  await go.deleteBridgePort('host0-2', { allowMissing: false });
  expect(named(await go.listBridgePorts())).toEqual(['host0-1']);
  expect(named(dpu.ports.list(anonymousOwner))).toEqual(['host0-1']);
  expect(dpu.ports.get(a, 'host0-1')?.macAddress).toBe(port(1).macAddress);
});

test('what was made before hosts said who they are becomes theirs', async () => {
  const dpu = await startDpuSide();
  await dpu.ports.create(anonymousOwner, port(1));
  const { reachable } = startHost(dpu.address, [port(1)]);
  await reachable();
  expect(dpu.ports.owners()).toEqual([a]);
  expect([...dpu.bridge.ports.keys()]).toEqual(['host0-1']);
});

test('a peer that does not keep owners apart loses no port that it lists, only what was deleted here', async () => {
  const dpu = await startDpuSide();
  await dpu.ports.create(anonymousOwner, port(7));
  const { port: listening } = await forgetful(dpu.address);
  const { reachable, add, remove } = startHost(`127.0.0.1:${listening}`, []);
  await reachable();
  await add(port(3));
  await remove('host0-3');
  expect(named(dpu.ports.list(anonymousOwner))).toEqual(['host0-7']);
});

/** In front of a DPU side: takes calls on without the metadata of who calls, as an older daemon understands them. */
async function forgetful(address: string) {
  const { bridgePortServiceDefinition, heartbeatServiceDefinition, Connection } = await import(
    '@dpu-operator/sdk/client'
  );
  const { addUnaryService } = await import('@dpu-operator/sdk/wire');
  const connection = new Connection({ address });
  onTestFinished(() => connection.close());
  const { CreateBridgePort, DeleteBridgePort, GetBridgePort, ListBridgePorts, UpdateBridgePort } =
    bridgePortServiceDefinition;
  const server = new Server();
  addUnaryService(server, bridgePortServiceDefinition, {
    CreateBridgePort: (request) => connection.call(CreateBridgePort, request, 5_000),
    DeleteBridgePort: (request) => connection.call(DeleteBridgePort, request, 5_000),
    GetBridgePort: (request) => connection.call(GetBridgePort, request, 5_000),
    ListBridgePorts: (request) => connection.call(ListBridgePorts, request, 5_000),
    UpdateBridgePort: (request) => connection.call(UpdateBridgePort, request, 5_000),
  });
  addUnaryService(server, heartbeatServiceDefinition, {
    Ping: (request) => connection.call(heartbeatServiceDefinition.Ping, request, 5_000),
  });
  onTestFinished(() => server.forceShutdown());
  return { port: await listen(server) };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
}

test('owners that are none are refused', async () => {
  const metadata = (...values: string[]) => {
    const made = new Metadata();
    for (const value of values) made.add(ownerHeader, value);
    return made;
  };
  expect(ownerFrom(metadata('node/dpu'))).toBe('node/dpu');
  expect(ownerFrom(metadata())).toBe(anonymousOwner);
  for (const values of [['anonymous'], ['a/b/c'], ['a/ b'], ['/b'], ['a/b', 'c/d'], [`${'n'.repeat(254)}/d`]]) {
    expect(() => ownerFrom(metadata(...values))).toThrow(/dpu-owner must be one/);
  }
  const dpu = await startDpuSide();
  const rude = new VspClient({ address: dpu.address, logger, metadata: { [ownerHeader]: 'anonymous' } });
  onTestFinished(() => rude.close());
  await vi.waitFor(() => expect(rude.listBridgePorts()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' }));
});
