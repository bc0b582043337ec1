/** Who has no business on the channel, over real sockets. Beside each a host that has some is served. */
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { VspClient } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { registry } from '../../kube/process/metrics.ts';
import { identityUri } from '../../trust/identity.ts';
import { TestAuthority, type TestCertificate } from '../../trust/testing.ts';
import { silent, temporaryDirectory, port as vspPort } from '../datapath/testing.ts';
import { freePort } from '../testing/vsp.ts';
import { securedEnd, TestTrust } from '../trust/testing.ts';
import { limits } from './gate.ts';
import { PeerLink } from './peer-link.ts';
import { startDpuSide } from './testing.ts';

const installation = 'aaaa';
const host = { installation, side: 'host', node: 'host-1', dpu: 'host-a' } as const;
const intruder = { ...host, node: 'host-9' };

let ours: TestAuthority;
let strangers: TestAuthority;
/** Another authority that says it is of our installation. */
let forger: TestAuthority;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  ours = await TestAuthority.create(installation);
  strangers = await TestAuthority.create('bbbb');
  forger = await TestAuthority.create(installation);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A DPU side, and a host that uses it. */
async function start() {
  const trust = new TestTrust(ours);
  const logged: { reason?: string; msg: string }[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void logged.push(JSON.parse(line)) });
  const end = securedEnd({ side: 'dpu' }, trust);
  await vi.waitFor(() => expect(end.credentials).toBeDefined());
  const dpu = await startDpuSide({ directory: temporaryDirectory(), port: await freePort(), end, logger });
  cleanups.push(() => end.close(), dpu.close);
  const address = dpu.address;
  const target = { host: '127.0.0.1', port: Number(address.split(':')[1]) };
  const hostEnd = securedEnd({ side: 'host' }, trust);
  cleanups.push(() => hostEnd.close());
  await vi.waitFor(() => expect(hostEnd.credentials).toBeDefined());
  const link = new PeerLink({ address, end: hostEnd, onProblem: () => {}, logger: silent });
  cleanups.push(() => link.close());
  await vi.waitFor(() => link.ping('host-1', 5_000));
  let served = 0;
  /** The host is served by the connection that it has, and by a new one. */
  const isServed = async () => {
    served += 1;
    await link.client.createBridgePort({ ...vspPort(served % 9), name: `host0-${served}`, logicalBridges: ['9'] });
    const another = new PeerLink({ address, end: hostEnd, onProblem: () => {}, logger: silent });
    await vi.waitFor(() => another.ping('host-1', 5_000));
    another.close();
    // Nobody but the host has reached the VSP.
    expect(new Set(dpu.bridge.calls.map((call) => call.split(' ')[0]))).toEqual(new Set(['create']));
    expect(dpu.ports.owners()).toEqual([identityUri(host)]);
  };
  const before = await refusedCounts();
  const refused = async () => subtract(await refusedCounts(), before);
  const logs = (reason: string) => logged.filter((line) => line.reason === reason);
  return { trust, dpu, end, target, address, isServed, refused, logs };
}

async function refusedCounts(): Promise<Map<string, number>> {
  const metric = await registry.getSingleMetric('dpu_operator_channel_refused_total')?.get();
  return new Map(metric?.values.map(({ labels, value }) => [String(labels.reason), value]));
}

function subtract(after: Map<string, number>, before: Map<string, number>): Record<string, number> {
  const changes = [...after].map(([reason, count]): [string, number] => [reason, count - (before.get(reason) ?? 0)]);
  return Object.fromEntries(changes.filter(([, count]) => count > 0));
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.resume();
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });

interface Target {
  host: string;
  port: number;
}

/** A client that believes everybody. */
function tls(
  target: Target,
  options: ConnectionOptions & { localAddress?: string } = {},
  shown?: Pick<TestCertificate, 'key' | 'certificate'>,
): TLSSocket {
  const own = shown && { key: shown.key, cert: shown.certificate };
  const socket = connectTls({ ...target, rejectUnauthorized: false, ALPNProtocols: ['h2'], ...own, ...options });
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

const tries = 3;

interface Refused {
  who: string;
  reason: string;
  shows?: () => Promise<TestCertificate>;
  options?: ConnectionOptions;
}

test.each<Refused>([
  { who: 'no certificate', reason: 'PeerNoCertificate' },
  {
    who: 'that of another installation',
    reason: 'PeerOtherInstallation',
    shows: () => strangers.issue({ ...intruder, installation: 'bbbb' }),
  },
  { who: 'our identity signed by another authority', reason: 'PeerNotTrusted', shows: () => forger.issue(host) },
  { who: 'a name that is no identity', reason: 'PeerNoIdentity', shows: () => ours.issueUri('spiffe://aaaa/admin') },
  { who: "a DPU's", reason: 'PeerWrongSide', shows: () => ours.issue({ ...host, side: 'dpu' }) },
  {
    who: "a host's that is good for servers",
    reason: 'PeerWrongSide',
    shows: () => ours.issue(host, { usage: 'serverAuth' }),
  },
  {
    who: 'a good one, and TLS 1.2',
    reason: 'HandshakeFailed',
    shows: () => ours.issue(intruder),
    options: { maxVersion: 'TLSv1.2' },
  },
  {
    who: 'a good one, and HTTP/1.1',
    reason: 'HandshakeFailed',
    shows: () => ours.issue(intruder),
    options: { ALPNProtocols: ['http/1.1'] },
  },
])('$who: the connection is ended, counted and logged once', async ({ reason, shows, options }) => {
  const { target, isServed, refused, logs } = await start();
  const shown = await shows?.();
  for (let attempt = 0; attempt < tries; attempt += 1) await closed(tls(target, options, shown));
  await vi.waitFor(async () => expect(await refused()).toEqual({ [reason]: tries }));
  expect(logs(reason)).toHaveLength(1);
  await isServed();
});

test('plain text: the connection is ended, counted and logged once', async () => {
  const { address, dpu, isServed, refused, logs } = await start();
  const client = new VspClient({ address, logger: silent, metadata: { 'dpu-owner': 'host-1/host-a' } });
  cleanups.push(() => client.close());
  await vi.waitFor(async () => expect((await refused()).PeerWantsPlain).toBeGreaterThanOrEqual(tries));
  await expect(client.listBridgePorts()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  client.close();
  expect(logs('PeerWantsPlain')).toHaveLength(1);
  expect(dpu.gate.refusal?.reason).toBe('PeerWantsPlain');
  await isServed();
});

test.each([
  { who: 'a revoked host', reason: 'PeerRevoked', says: 'are revoked' },
  { who: 'a host whose certificate has expired', reason: 'PeerExpired', says: 'expired at' },
  { who: 'a host that is not listed', reason: 'PeerNotListed', says: 'not among the peers' },
])('$who is told so and let do nothing', async ({ reason, says }) => {
  const { trust, end, address, isServed, refused, logs } = await start();
  const old = { issued: Date.now() - 10_000, notAfter: Date.now() - 1_000 };
  const shown = await ours.issue(intruder, reason === 'PeerExpired' ? old : { issued: Date.now() - 10_000 });
  if (reason === 'PeerRevoked') trust.revoke(identityUri(intruder));
  if (reason === 'PeerNotListed') end.set({ security: 'mutualTLS', peers: [identityUri(host)] });
  const attempt = async () => {
    const session = http2(address, shown);
    await expect(call(session)).resolves.toMatchObject({ 'grpc-status': '7', message: expect.stringContaining(says) });
    // Ended by the DPU side.
    await new Promise<void>((resolve) => (session.closed ? resolve() : session.once('close', resolve)));
  };
  await Promise.all(Array.from({ length: tries }, attempt));
  await vi.waitFor(async () => expect(await refused()).toEqual({ [reason]: tries }));
  expect(logs(reason)).toHaveLength(1);
  await isServed();
});

test("a certificate without its key, and a host's conversation that was recorded, are of no use", async () => {
  const { target, address, trust, isServed, dpu } = await start();
  const [good, other] = [await ours.issue(host), await ours.issue(intruder)];
  // OpenSSL does not take a key that is another's: a client that lies about it cannot be made of it.
  expect(() => tls(target, {}, { key: other.key, certificate: good.certificate })).toThrow(/key values mismatch/);
  const tap = await record(target);
  cleanups.push(() => tap.close());
  const end = securedEnd({ side: 'host' }, trust);
  cleanups.push(() => end.close());
  await vi.waitFor(() => expect(end.credentials).toBeDefined());
  const link = new PeerLink({ address: tap.address, end, onProblem: () => {}, logger: silent });
  await vi.waitFor(() => link.ping('host-1', 5_000));
  await link.client.createBridgePort({ ...vspPort(5), name: 'host0-recorded' });
  await link.client.deleteBridgePort('host0-recorded', { allowMissing: false });
  link.close();
  const calls = dpu.bridge.calls.length;
  const socket = connectTcp(target);
  socket.write(Buffer.concat(tap.sent));
  expect(Buffer.concat(tap.sent).length).toBeGreaterThan(1_000);
  await closed(socket);
  expect(dpu.bridge.calls.slice(calls)).toEqual([]);
  dpu.bridge.calls.length = 0;
  await isServed();
  expect(address).not.toBe(tap.address);
});

/** Passes bytes on, and keeps those of the client. */
async function record(target: Target) {
  const sent: Buffer[] = [];
  const server = createServer((client) => {
    const upstream = connectTcp(target);
    client.on('data', (bytes: Buffer) => sent.push(bytes));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return { address: `127.0.0.1:${port}`, sent, close: () => server.close() };
}

/** What floods comes from another address than the host. */
const elsewhere = { localAddress: '127.0.0.2' };

/** Keeps opening connections, so many at a time, until it is stopped. */
function flood(open: () => Socket, count: number) {
  const running = new Set<Socket>();
  let stopped = false;
  const next = () => {
    if (stopped) return;
    const socket = open();
    running.add(socket);
    void closed(socket).then(() => {
      running.delete(socket);
      setImmediate(next);
    });
  };
  for (let index = 0; index < count; index += 1) next();
  const stop = () => {
    stopped = true;
    for (const socket of running) socket.destroy();
  };
  cleanups.push(stop);
  return stop;
}

test('five hundred that say nothing: a few stay, for a moment', async () => {
  const { target, isServed, refused } = await start();
  const sockets = Array.from({ length: 500 }, () => connectTcp({ ...target, ...elsewhere }));
  const ended = sockets.map(closed);
  cleanups.push(() => sockets.map((socket) => socket.destroy()));
  const most = 500 - limits.handshakes;
  await vi.waitFor(async () => expect((await refused()).TooManyHandshakes).toBeGreaterThanOrEqual(most));
  await Promise.all(ended);
  expect((await refused()).HandshakeTimeout).toBeGreaterThanOrEqual(1);
  await isServed();
});

test('silent connections that one address keeps opening leave room for a host', async () => {
  const { target, isServed, refused, logs } = await start();
  const stop = flood(() => connectTcp({ ...target, ...elsewhere }), 2 * limits.handshakes);
  await vi.waitFor(async () => expect((await refused()).TooManyHandshakes).toBeGreaterThan(2 * limits.handshakes));
  for (let time = 0; time < 3; time += 1) await isServed();
  expect(logs('TooManyHandshakes').map(({ msg }) => msg)).toEqual([expect.stringContaining('of this address')]);
  stop();
});

test('handshakes without a certificate that one address keeps making leave room for a host', async () => {
  const { target, isServed, refused } = await start();
  const stop = flood(() => tls(target, elsewhere), 2 * limits.handshakes);
  await vi.waitFor(async () => expect((await refused()).PeerNoCertificate).toBeGreaterThan(limits.handshakes));
  for (let time = 0; time < 3; time += 1) await isServed();
  stop();
});

test('one host opens a hundred connections: as many as one may have stay', async () => {
  const { target, dpu, isServed, refused } = await start();
  const shown = await ours.issue(intruder);
  // One after the other, so that none is turned away for being in a crowd.
  for (let index = 0; index < 100; index += 1) {
    const socket = tls(target, {}, shown);
    await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
  }
  await vi.waitFor(async () => expect(await refused()).toEqual({ TooManyOfOneHost: 36 }));
  const uri = identityUri(intruder);
  expect(dpu.gate.callers().filter((caller) => caller.uri === uri)).toHaveLength(64);
  await isServed();
});

test('messages and headers that are too large are their sender’s problem', async () => {
  const { address, isServed } = await start();
  const shown = await ours.issue(intruder);
  const large = http2(address, shown);
  await expect(call(large, {}, Buffer.alloc(1024 * 1024))).resolves.toMatchObject({ 'grpc-status': '8' });
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x-${index}`, 'a']));
  await expect(call(http2(address, shown), many)).rejects.toThrow();
  await expect(call(http2(address, shown), { long: 'a'.repeat(1024 * 1024) })).rejects.toThrow();
  await isServed();
});

/** HTTP/2 over TLS, as any program could speak it. */
function http2(address: string, shown: Pick<TestCertificate, 'key' | 'certificate'>) {
  const session = connectHttp2(`https://${address}`, {
    rejectUnauthorized: false,
    key: shown.key,
    cert: shown.certificate,
    // What is sent is for the server to bound.
    maxSendHeaderBlockLength: 4 * 1024 * 1024,
  });
  session.on('error', () => {});
  cleanups.push(() => session.destroy());
  return session;
}

/** Asks for the bridge ports. @returns headers and trailers of the answer */
function call(session: ReturnType<typeof http2>, headers: OutgoingHttpHeaders = {}, message = Buffer.alloc(0)) {
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/opi_api.network.evpn_gw.v1alpha1.BridgePortService/ListBridgePorts',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const answer: Record<string, unknown> = {};
    const take = (part: Record<string, unknown>) => {
      Object.assign(answer, part);
      answer.message = decodeURIComponent(String(answer['grpc-message'] ?? ''));
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('error', reject);
    stream.on('close', () => (answer['grpc-status'] === undefined ? reject(new Error('no answer')) : resolve(answer)));
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    stream.resume();
    stream.end(Buffer.concat([frame, message]));
  });
}
