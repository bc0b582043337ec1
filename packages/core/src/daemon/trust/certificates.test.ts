/** Trust and certificates by way of an API server, with the operator's part played by the test. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type CertificateSigningRequest, configMap, type KubeStore } from '../../kube/index.ts';
import { bundleData, type TrustBundle } from '../../trust/bundle.ts';
import { type Identity, identityUri } from '../../trust/identity.ts';
import { TestAuthority } from '../../trust/testing.ts';
import { issue } from '../../trust/x509/operations.ts';
import { silent as logger, temporaryDirectory } from '../datapath/testing.ts';
import { TestApiServer } from '../testing/api-server.ts';
import type { ChannelEnd } from './channel-end.ts';
import { nodeTrust } from './node-trust.ts';
import { ObservedTrust } from './observed-trust.ts';
import { openEnd } from './testing.ts';

const namespace = 'operator';
const maps = `/api/v1/namespaces/${namespace}/configmaps`;
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const identity: Identity = { installation: 'aaaa', side: 'host', node: 'host-1', dpu: 'host-a' };
const label = 'dpu.config.openshift.io/trusted-installation';

let ours: TestAuthority;
let theirs: TestAuthority;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  ours = await TestAuthority.create('aaaa');
  theirs = await TestAuthority.create('bbbb');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class Fixture {
  readonly api = new TestApiServer();
  readonly directory = temporaryDirectory();
  readonly #stop = new AbortController();

  /** The node's trust as a daemon has it that has just started. */
  async start(): Promise<{ trust: ObservedTrust; store: KubeStore; end: ChannelEnd }> {
    const store = await this.api.start();
    cleanups.push(
      () => this.close(),
      () => store.client.close(),
    );
    const trust = new ObservedTrust({ store, namespace, directory: `${this.directory}/trust`, logger });
    await trust.start(this.#stop.signal);
    const end = openEnd({ side: 'host', directory: this.directory }, nodeTrust(trust, { store, logger }));
    cleanups.push(() => end.close());
    return { trust, store, end };
  }

  putTrust(name: string, bundle: TrustBundle, installation?: string): void {
    const labels = installation === undefined ? {} : { [label]: installation };
    const { apiVersion, kind } = configMap;
    const metadata = { name, namespace, labels };
    this.api.put(`${maps}/${name}`, { apiVersion, kind, metadata, data: bundleData(bundle) });
  }

  requests(): { path: string; request: CertificateSigningRequest }[] {
    const found = [...this.api.objects].filter(([path]) => path.startsWith(requests));
    return found.map(([path, object]) => ({ path, request: object as unknown as CertificateSigningRequest }));
  }

  /** The operator's answer to each request that has none. */
  async answer(status: (request: CertificateSigningRequest) => Promise<object> | object): Promise<number> {
    const open = this.requests().filter(({ request }) => request.status === undefined);
    for (const { path, request } of open) {
      this.api.put(path, {
        ...this.api.objects.get(path),
        metadata: { ...request.metadata },
        status: await status(request),
      });
    }
    return open.length;
  }

  close(): void {
    this.#stop.abort();
    this.api.close();
  }
}

async function signed({ spec }: CertificateSigningRequest, whose = identity): Promise<object> {
  const { certificate } = await issue({
    request: Buffer.from(spec.request, 'base64').toString(),
    uri: identityUri(whose),
    commonName: 'test',
    usage: 'clientAuth',
    authority: ours.authority,
    issued: Date.now(),
    notAfter: Date.now() + 86_400_000,
  });
  return { certificate: Buffer.from(certificate).toString('base64') };
}

test('a certificate is asked for by a CertificateSigningRequest of the signer, and taken when it is answered', async () => {
  const fixture = new Fixture();
  const { end } = await fixture.start();
  end.set(undefined);
  expect(end.problem?.reason).toBe('TrustUnknown');
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  await vi.waitFor(() => expect(fixture.requests()).toHaveLength(1));
  expect(end.problem?.reason).toBe('NoCertificate');
  const [first] = fixture.requests();
  expect(first?.request).toMatchObject({
    metadata: { name: expect.stringMatching(/^dpu-channel-host-[0-9a-f]{16}$/) },
    spec: {
      signerName: 'dpu.config.openshift.io/channel',
      usages: ['digital signature', 'client auth'],
      expirationSeconds: 86_400,
    },
  });
  await fixture.answer(signed);
  await vi.waitFor(() => expect(end.credentials?.uri).toBe(identityUri(identity)));
  expect(end.problem).toBeUndefined();
});

test('a request that is denied is told with the reason, and made anew', async () => {
  const fixture = new Fixture();
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  const { end } = await fixture.start();
  end.set(undefined);
  await vi.waitFor(() => expect(fixture.requests()).toHaveLength(1));
  await fixture.answer(() => ({ conditions: [{ type: 'Denied', status: 'True', message: 'node n is another' }] }));
  await vi.waitFor(() => expect(end.problem).toMatchObject({ reason: 'RequestDenied' }));
  expect(end.problem?.message).toContain('node n is another');
  await vi.waitFor(() => expect(fixture.requests()).toHaveLength(2));
  await fixture.answer(signed);
  await vi.waitFor(() => expect(end.problem).toBeUndefined());
});

test('a certificate that names somebody else is not taken', async () => {
  const fixture = new Fixture();
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  const { end } = await fixture.start();
  end.set(undefined);
  await vi.waitFor(() => expect(fixture.requests()).toHaveLength(1));
  await fixture.answer((request) => signed(request, { ...identity, node: 'host-2' }));
  await vi.waitFor(() => expect(end.problem?.message).toContain(`is not of ${identityUri(identity)}`));
  expect(end.credentials).toBeUndefined();
});

test('a certificate of an authority that is not known yet counts once it is', async () => {
  const fixture = new Fixture();
  const next = await TestAuthority.create('aaaa');
  fixture.putTrust('dpu-channel-trust', next.bundle());
  const { end } = await fixture.start();
  end.set(undefined);
  await vi.waitFor(() => expect(fixture.requests()).toHaveLength(1));
  await fixture.answer(signed);
  await vi.waitFor(() => expect(end.problem?.message).toContain('does not count'));
  const { authorities } = next.bundle();
  fixture.putTrust('dpu-channel-trust', {
    ...ours.bundle(),
    authorities: [...authorities, ...ours.bundle().authorities],
  });
  await vi.waitFor(() => expect(end.problem).toBeUndefined());
  expect(end.credentials?.uri).toBe(identityUri(identity));
});

test('with plain text nothing is asked for', async () => {
  const fixture = new Fixture();
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  const { trust, store, end } = await fixture.start();
  end.set({ security: 'plain' });
  expect([end.problem, end.name]).toEqual([undefined, 'host-1/host-a']);
  // Another DPU of the node asks after it, and has its certificate: the only request is its.
  const other = { ...identity, dpu: 'host-b' };
  const secured = openEnd({ side: 'host', dpuName: other.dpu }, nodeTrust(trust, { store, logger }));
  cleanups.push(() => secured.close());
  secured.set(undefined);
  await vi.waitFor(() => expect(fixture.requests()).not.toEqual([]));
  await fixture.answer((request) => signed(request, other));
  await vi.waitFor(() => expect(secured.credentials?.uri).toBe(identityUri(other)));
  expect(fixture.requests()).toHaveLength(1);
});

test('trust that was imported counts until it is removed; the own one is not lost by not being seen', async () => {
  const fixture = new Fixture();
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  const { trust } = await fixture.start();
  const known = () => trust.bundles().map(({ installation }) => installation);
  expect(known()).toEqual(['aaaa']);
  fixture.putTrust('dpu-channel-trust-bbbb', theirs.bundle(), 'bbbb');
  await vi.waitFor(() => expect(known()).toEqual(['aaaa', 'bbbb']));
  // One that does not say the same twice is somebody's mistake.
  fixture.putTrust('dpu-channel-trust-cccc', { ...theirs.bundle(), installation: 'cccc' }, 'dddd');
  // A broken one changes nothing.
  const broken = fixture.api.objects.get(`${maps}/dpu-channel-trust-bbbb`);
  fixture.api.put(`${maps}/dpu-channel-trust-bbbb`, {
    ...broken,
    metadata: { ...broken?.metadata },
    data: { installation: 'bbbb' },
  });
  await vi.waitFor(() => expect(trust.problem).toContain('dpu-channel-trust-bbbb is not followed (ca.crt'));
  expect(trust.problem).toContain('dpu-channel-trust-cccc is not followed (its label names installation dddd');
  fixture.api.delete(`${maps}/dpu-channel-trust-cccc`);
  fixture.api.put(`${maps}/dpu-channel-trust-bbbb`, { ...broken, metadata: { ...broken?.metadata }, data: {} });
  await vi.waitFor(() =>
    expect(trust.problem).toMatch(/^ConfigMap dpu-channel-trust-bbbb is not followed \(its label/),
  );
  fixture.putTrust('dpu-channel-trust-bbbb', theirs.bundle(), 'bbbb');
  await vi.waitFor(() => expect(trust.problem).toBeUndefined());
  fixture.api.put(`${maps}/dpu-channel-trust-bbbb`, { ...broken, metadata: { ...broken?.metadata }, data: {} });
  fixture.api.delete(`${maps}/dpu-channel-trust`);
  fixture.putTrust('dpu-channel-trust-eeee', { ...theirs.bundle(), installation: 'eeee' }, 'eeee');
  await vi.waitFor(() => expect(known()).toEqual(['aaaa', 'bbbb', 'eeee']));
  fixture.api.delete(`${maps}/dpu-channel-trust-bbbb`);
  await vi.waitFor(() => expect(known()).toEqual(['aaaa', 'eeee']));
  expect(trust.problem).toBeUndefined();
});

test('trust and certificate are on disk for a daemon that starts without the API server', async () => {
  const fixture = new Fixture();
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  fixture.putTrust('dpu-channel-trust-bbbb', theirs.bundle(), 'bbbb');
  const first = await fixture.start();
  first.end.set(undefined);
  await vi.waitFor(() => expect(fixture.requests()).toHaveLength(1));
  await fixture.answer(signed);
  await vi.waitFor(() => expect(first.end.credentials).toBeDefined());
  const { certificate } = first.end.credentials ?? {};
  first.end.close();
  fixture.close();
  const unreachable = await new TestApiServer().start();
  cleanups.push(() => unreachable.client.close());
  const directory = `${fixture.directory}/trust`;
  const trust = new ObservedTrust({ store: unreachable, namespace, directory, logger });
  const end = openEnd({ side: 'host', directory: fixture.directory }, nodeTrust(trust, { store: unreachable, logger }));
  cleanups.push(() => end.close());
  expect(trust.bundles()).toHaveLength(2);
  expect(end.credentials?.certificate.serialNumber).toBe(certificate?.serialNumber);
});

test('trust that was removed while no daemon ran does not count', async () => {
  const fixture = new Fixture();
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  fixture.putTrust('dpu-channel-trust-bbbb', theirs.bundle(), 'bbbb');
  await fixture.start();
  fixture.close();
  const next = new Fixture();
  Object.assign(next, { directory: fixture.directory });
  next.putTrust('dpu-channel-trust', ours.bundle());
  const { trust } = await next.start();
  expect(trust.bundles().map(({ installation }) => installation)).toEqual(['aaaa']);
});

test('trust is not written down again on a node that is left, and is when the node is served again', async () => {
  const fixture = new Fixture();
  const directory = join(fixture.directory, 'trust');
  fixture.putTrust('dpu-channel-trust', ours.bundle());
  const { trust } = await fixture.start();
  await vi.waitFor(() => expect(readdirSync(directory)).toHaveLength(1));

  await trust.takeOffDisk();
  rmSync(directory, { recursive: true });
  fixture.putTrust('dpu-channel-trust-bbbb', theirs.bundle(), 'bbbb');
  await vi.waitFor(() => expect(trust.bundles()).toHaveLength(2));
  expect(existsSync(directory)).toBe(false);

  trust.keepOnDisk();
  await vi.waitFor(() => expect(readdirSync(directory)).toHaveLength(2));
});
