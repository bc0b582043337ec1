/** Hosts and a DPU side over mutual TLS, with certificates that an authority of the test issues. */
import type { BridgePort } from '@dpu-operator/sdk';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { identityUri } from '../../trust/identity.ts';
import { TestAuthority } from '../../trust/testing.ts';
import { HostDataPath } from '../datapath/host-ports/host-data-path.ts';
import { silent as logger, temporaryDirectory, port as vspPort } from '../datapath/testing.ts';
import { hostChannel } from '../dpu/status/dpu-channel.ts';
import { freePort } from '../testing/vsp.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import { openEnd, plainEnd, securedEnd, soonRenewed, TestTrust } from '../trust/testing.ts';
import { AvailabilityTracker } from './availability-tracker.ts';
import { attachmentsOf, type DpuSideOptions, startDpuSide as serveDpuSide } from './testing.ts';

const port = (index: number): BridgePort => ({ ...vspPort(index), name: `host0-${index}` });
const ourId = 'aaaa';
const hostUri = identityUri({ installation: ourId, side: 'host', node: 'host-1', dpu: 'host-a' });
const dpuUri = identityUri({ installation: ourId, side: 'dpu', node: 'dpu-1', dpu: 'dpu-a' });

let ours: TestAuthority;
let theirs: TestAuthority;
beforeAll(async () => {
  ours = await TestAuthority.create(ourId);
  theirs = await TestAuthority.create('bbbb');
});

async function startDpuSide(end: ChannelEnd, options: Partial<DpuSideOptions> = {}) {
  const dpu = await serveDpuSide({ directory: temporaryDirectory(), port: await freePort(), end, ...options });
  onTestFinished(dpu.close);
  onTestFinished(() => end.close());
  return dpu;
}

/** Serial numbers of the certificates that hosts are connected with. */
const certificatesAt = (gate: Awaited<ReturnType<typeof serveDpuSide>>['gate']) =>
  gate.callers().map(({ certificate }) => certificate?.serialNumber);

interface HostOptions {
  wanted?: BridgePort[];
  graceMs?: number;
  isKnownDpu?: boolean;
  heartbeatMs?: number;
}

/** No heartbeat fails because the machine stands still for a while: its answer has as long. */
const patient = { heartbeatMs: 60_000 };

function startHost(
  address: string,
  end: ChannelEnd,
  { wanted = [], graceMs = 0, isKnownDpu = false, heartbeatMs = 50 }: HostOptions = {},
) {
  const outages: (string | undefined)[] = [];
  const host: HostDataPath = new HostDataPath({
    dpuName: 'host-a',
    end,
    nodeName: 'host-1',
    directory: temporaryDirectory(),
    attachments: { bridgePorts: () => wanted },
    onChange: () => outages.push(host.outage?.reason),
    logger,
    heartbeatMs,
    graceMs,
    isKnownDpu,
  });
  host.connect(address);
  onTestFinished(() => host.close());
  onTestFinished(() => end.close());
  const channel = () => hostChannel(end, host);
  const says = (reason: string) => vi.waitFor(() => expect(channel().condition?.reason).toBe(reason));
  const reachable = () => vi.waitFor(() => expect([host.isKnown, host.outage]).toEqual([true, undefined]));
  const { add, remove } = attachmentsOf(host, wanted);
  return { host, remove, outages, channel, says, reachable, add };
}

test('each end knows the other by its certificate, and a port belongs to the identity in it', async () => {
  const trust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  const { says, add, remove, channel, reachable } = startHost(dpu.address, securedEnd({ side: 'host' }, trust));
  await says('MutualTLS');
  await reachable();
  await add(port(3));
  expect(dpu.ports.owners()).toEqual([hostUri]);
  expect(dpu.gate.hosts()).toEqual([hostUri]);
  expect(channel().condition).toMatchObject({ status: 'True', message: expect.stringContaining(`with ${dpuUri}`) });
  expect(channel().status).toMatchObject({ identity: hostUri, peers: [dpuUri] });
  await remove('host0-3');
  expect(dpu.bridge.ports.size).toBe(0);
});

test('an end without a certificate waits for the operator, and says so', async () => {
  const trust = new TestTrust(ours);
  const operator = Promise.withResolvers<void>();
  trust.answer = operator.promise;
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  const { says, reachable } = startHost(dpu.address, securedEnd({ side: 'host' }, trust));
  await says('NoCertificate');
  operator.resolve();
  await says('MutualTLS');
  await reachable();
});

test('a renewal moves calls to a new connection without an interruption', async () => {
  const trust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  await vi.waitFor(() => expect(dpu.end.credentials).toBeDefined());
  const end = openEnd({ side: 'host' }, trust);
  const { host, add, reachable } = startHost(dpu.address, end, patient);
  const interrupted = vi.spyOn(host, 'peerInterrupted');
  const held = Promise.withResolvers<void>();
  dpu.bridge.gate = async (call) => (call === 'create host0-1' ? held.promise : undefined);
  const operator = Promise.withResolvers<void>();
  trust.next = soonRenewed;
  trust.answerThen = operator.promise;
  end.set(undefined);
  await reachable();
  const first = end.credentials;
  const slow = add(port(1));
  await vi.waitFor(() => expect(dpu.bridge.calls).toEqual(['create host0-1']));
  operator.resolve();
  await vi.waitFor(() => expect(end.credentials).not.toBe(first));
  // The former connection is closed when the call that it carries has ended.
  await vi.waitFor(() => expect(certificatesAt(dpu.gate)).toContain(end.credentials?.certificate.serialNumber));
  await add(port(2));
  held.resolve();
  await slow;
  await vi.waitFor(() => expect(certificatesAt(dpu.gate)).toEqual([end.credentials?.certificate.serialNumber]));
  expect(interrupted).not.toHaveBeenCalled();
  expect(dpu.bridge.calls).toEqual(['create host0-1', 'create host0-2']);
});

test('a renewal that the DPU side refuses is told while the connection works, and moves on once it is accepted', async () => {
  const trust = new TestTrust(ours);
  // The DPU side's own view of who counts: it does not know the authority that signs for the host next.
  const dpuTrust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, dpuTrust));
  const operator = Promise.withResolvers<void>();
  trust.next = soonRenewed;
  trust.answerThen = operator.promise;
  const end = securedEnd({ side: 'host' }, trust);
  const { host, channel, says, reachable } = startHost(dpu.address, end, patient);
  await says('MutualTLS');
  await reachable();
  const first = end.credentials;
  const interrupted = vi.spyOn(host, 'peerInterrupted');
  const next = await TestAuthority.create(ourId);
  trust.sign(ours, next);
  operator.resolve();
  await says('RenewalRefused');
  expect(channel().condition).toMatchObject({
    status: 'True',
    message: expect.stringContaining(`${first?.notAfter.toISOString()}, and the one that is to follow it is refused: `),
  });
  expect(certificatesAt(dpu.gate)).toEqual([first?.certificate.serialNumber]);
  expect(interrupted).not.toHaveBeenCalled();
  dpuTrust.sign(next, ours);
  await says('MutualTLS');
  await vi.waitFor(() => expect(certificatesAt(dpu.gate)).toEqual([end.credentials?.certificate.serialNumber]));
});

test("a connection ends with the DPU side's certificate", { timeout: 300_000 }, async () => {
  const endsAfter = async (lifetimeMs: number) => {
    const trust = new TestTrust(ours);
    trust.next = { issued: 0, notAfter: lifetimeMs };
    trust.answerThen = new Promise(() => {});
    const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
    await vi.waitFor(() => expect(dpu.end.credentials).toBeDefined(), lifetimeMs);
    const { host, says } = startHost(dpu.address, securedEnd({ side: 'host' }, new TestTrust(ours)));
    await vi.waitFor(() => expect([host.isKnown, host.outage]).toEqual([true, undefined]), lifetimeMs);
    await says('PeerExpired');
  };
  // A busy machine needs longer until it is connected.
  await endsAfter(3_000).catch(() => endsAfter(60_000));
});

test("a connection with the DPU side's newer certificate follows before the former ends", async () => {
  const trust = new TestTrust(ours);
  const operator = Promise.withResolvers<void>();
  trust.next = { issued: -60_000, notAfter: 28_000 };
  trust.answerThen = operator.promise;
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  await vi.waitFor(() => expect(dpu.end.credentials).toBeDefined());
  const former = dpu.end.credentials;
  const { host, reachable } = startHost(dpu.address, securedEnd({ side: 'host' }, new TestTrust(ours)), patient);
  await reachable();
  const interrupted = vi.spyOn(host, 'peerInterrupted');
  const sockets = () => dpu.gate.callers().map(({ socket }) => socket);
  const [first] = sockets();
  operator.resolve();
  await vi.waitFor(() => expect(dpu.end.credentials).not.toBe(former));
  await vi.waitFor(() => expect([sockets().length, sockets().includes(first as never)]).toEqual([1, false]));
  expect(interrupted).not.toHaveBeenCalled();
});

test('the certificate on disk serves a daemon that starts while the operator is away', async () => {
  const trust = new TestTrust(ours);
  const [dpuDirectory, hostDirectory] = [temporaryDirectory(), temporaryDirectory()];
  const first = securedEnd({ side: 'dpu', directory: dpuDirectory }, trust);
  const second = securedEnd({ side: 'host', directory: hostDirectory }, trust);
  await vi.waitFor(() => expect([first.credentials, second.credentials]).not.toContain(undefined));
  first.close();
  second.close();
  trust.answer = new Promise(() => {});
  const dpu = await startDpuSide(openEnd({ side: 'dpu', directory: dpuDirectory }, trust));
  const { reachable } = startHost(dpu.address, openEnd({ side: 'host', directory: hostDirectory }, trust));
  await reachable();
  expect(trust.issued).toBe(2);
});

test('an end of another installation is refused until trust has been exchanged', async () => {
  const [here, there] = [new TestTrust(ours), new TestTrust(theirs)];
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, there));
  const { says, reachable, channel } = startHost(dpu.address, securedEnd({ side: 'host' }, here));
  await says('PeerOtherInstallation');
  expect(channel().condition?.status).toBe('False');
  here.import(there.own);
  await says('RefusedByPeer');
  await vi.waitFor(() => expect(dpu.gate.refusal?.reason).toBe('PeerOtherInstallation'));
  there.import(here.own);
  await says('MutualTLS');
  await reachable();
  expect(dpu.gate.refusal).toBeUndefined();
  here.import();
  await says('PeerOtherInstallation');
});

test('a host whose certificate is revoked is cut off, told why, and back with a new one', async () => {
  const trust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  const { says, reachable, channel } = startHost(dpu.address, securedEnd({ side: 'host' }, trust));
  await reachable();
  const operator = Promise.withResolvers<void>();
  trust.answer = operator.promise;
  trust.revoke(hostUri, new Date(Date.now() + 1));
  await says('RefusedByPeer');
  await vi.waitFor(() => expect(channel().condition?.message).toContain('are revoked'));
  operator.resolve();
  await says('MutualTLS');
  await reachable();
});

test('peers that are listed are the only ones, on either side, from the moment on that they are', async () => {
  const trust = new TestTrust(ours);
  const dpuEnd = securedEnd({ side: 'dpu' }, trust);
  const hostEnd = securedEnd({ side: 'host' }, trust);
  const dpu = await startDpuSide(dpuEnd);
  const { says, channel, reachable } = startHost(dpu.address, hostEnd, { graceMs: 60_000 });
  await reachable();
  hostEnd.set({ security: 'mutualTLS', peers: [`${dpuUri}-other`] });
  await says('PeerNotListed');
  hostEnd.set({ security: 'mutualTLS', peers: [dpuUri] });
  await says('MutualTLS');
  dpuEnd.set({ security: 'mutualTLS', peers: [`${hostUri}-other`] });
  await says('RefusedByPeer');
  await vi.waitFor(() => expect(channel().condition?.message).toContain('not among the peers'));
  dpuEnd.set({ security: 'mutualTLS' });
  await says('MutualTLS');
});

test('a host keeps to the first DPU that it worked with, also after a restart', async () => {
  const trust = new TestTrust(ours);
  const directory = temporaryDirectory();
  const listening = await freePort();
  const first = await startDpuSide(securedEnd({ side: 'dpu' }, trust), { port: listening });
  const hostEnd = securedEnd({ side: 'host', directory }, trust);
  const before = startHost(first.address, hostEnd);
  await before.reachable();
  first.close();
  await startDpuSide(securedEnd({ side: 'dpu', dpuName: 'dpu-b' }, trust), { port: listening });
  await before.says('PeerNotListed');
  expect(before.channel().condition?.message).toContain(`has worked with ${dpuUri} and keeps to it`);
  before.host.close();
  hostEnd.close();
  const again = openEnd({ side: 'host', directory }, trust);
  const after = startHost(first.address, again);
  await after.says('PeerNotListed');
  again.set({ security: 'mutualTLS', peers: [dpuUri.replace('dpu-a', 'dpu-b')] });
  await after.says('MutualTLS');
});

test('after a reboot what the object says of the other end counts', async () => {
  const trust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu', dpuName: 'dpu-b' }, trust));
  const end = openEnd({ side: 'host' }, trust);
  end.set(undefined, [dpuUri]);
  const { says } = startHost(dpu.address, end);
  await says('PeerNotListed');
});

test('security that differs is told by both sides, and a change is applied at once', async () => {
  const trust = new TestTrust(ours);
  const dpuEnd = plainEnd({ side: 'dpu', trust });
  const hostEnd = securedEnd({ side: 'host' }, trust);
  const dpu = await startDpuSide(dpuEnd);
  const { says, reachable, channel } = startHost(dpu.address, hostEnd, { graceMs: 60_000 });
  await says('PeerIsPlain');
  dpuEnd.set({ security: 'mutualTLS' });
  await says('MutualTLS');
  await reachable();
  hostEnd.set({ security: 'plain' });
  await says('Plain');
  expect(channel()).toMatchObject({ condition: { status: 'True' }, status: undefined });
  await vi.waitFor(() => expect(dpu.gate.refusal?.reason).toBe('PeerWantsPlain'));
  dpuEnd.set({ security: 'plain' });
  await reachable();
  await vi.waitFor(() => expect(dpu.heard).toContain('host-1/host-a'));
});

test('a host keeps its bridge ports when its channel is secured, and when it is not any more', async () => {
  const trust = new TestTrust(ours);
  const dpuEnd = plainEnd({ side: 'dpu', trust });
  const hostEnd = plainEnd({ side: 'host', trust });
  const dpu = await startDpuSide(dpuEnd);
  await dpu.ports.create('host-2/host-a', port(7));
  const wanted = [port(1)];
  const { reachable, add } = startHost(dpu.address, hostEnd, { wanted });
  await reachable();
  for (const end of [dpuEnd, hostEnd]) end.set({ security: 'mutualTLS' });
  await vi.waitFor(() => expect(dpu.ports.owners()).toEqual(['host-2/host-a', hostUri]));
  await reachable();
  await vi.waitFor(() => add(port(2)));
  for (const end of [dpuEnd, hostEnd]) end.set({ security: 'plain' });
  await vi.waitFor(() => expect(dpu.ports.owners()).toEqual(['host-1/host-a', 'host-2/host-a']));
  expect(dpu.ports.list('host-1/host-a')).toHaveLength(2);
  expect(dpu.bridge.calls.filter((call) => call.startsWith('delete'))).toEqual([]);
});

test('a DPU side that is to go gets no new pods, and those that are there stay; one without bridges says so', async () => {
  const trust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  const end = securedEnd({ side: 'host' }, trust);
  const { host, reachable, add, remove } = startHost(dpu.address, end, { graceMs: 60_000 });
  await reachable();
  await add(port(1));
  await add(port(2));
  expect(host.hasOneBridge).toBe(false);
  dpu.state.hasOneBridge = true;
  await vi.waitFor(() => expect(host.hasOneBridge).toBe(true));
  dpu.state.isLeaving = true;
  await vi.waitFor(() => expect(host.outage?.reason).toBe('PeerLeaving'));
  await expect(host.createBridgePort(port(3))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('to go'),
  });
  await remove('host0-2');
  expect(dpu.ports.list(hostUri).map(({ name }) => name)).toEqual(['bridgePorts/host0-1']);
  dpu.state.isLeaving = false;
  await reachable();
});

test('a long replay that is being answered is no outage', async () => {
  const trust = new TestTrust(ours);
  const dpu = await startDpuSide(securedEnd({ side: 'dpu' }, trust));
  const recovering = vi.spyOn(AvailabilityTracker.prototype, 'recovering');
  onTestFinished(() => recovering.mockRestore());
  const replay = Promise.withResolvers<void>();
  dpu.bridge.gate = () => replay.promise;
  const end = securedEnd({ side: 'host' }, trust);
  const options = { wanted: [port(1)], graceMs: 60_000, isKnownDpu: true };
  const { host, outages, reachable } = startHost(dpu.address, end, options);
  // Each answer meanwhile begins the grace period anew.
  await vi.waitFor(() => expect(recovering.mock.calls.length).toBeGreaterThan(5));
  expect(new Set(dpu.bridge.calls)).toEqual(new Set(['create host0-1']));
  expect([host.isKnown, new Set(outages)]).toEqual([false, new Set([undefined])]);
  replay.resolve();
  await reachable();
});
