import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { annotations, trustNames } from '../../api/names/names.ts';
import { identityUri } from '../../trust/identity.ts';
import { issuedAt } from '../../trust/serial.ts';
import { TestAuthority } from '../../trust/testing.ts';
import { verifyPeer } from '../../trust/verify.ts';
import { TrustFixture } from './testing/trust-fixture.ts';

const hour = 3_600_000;
let fixture: TrustFixture;

beforeEach(async () => {
  fixture = new TrustFixture();
  await fixture.start();
});
afterEach(() => fixture.stop());

async function certificateOf(name: string): Promise<X509Certificate> {
  const { certificate } = await fixture.answer(name);
  if (certificate === undefined) throw new Error(`request ${name} was denied`);
  return new X509Certificate(certificate);
}

function verdictOn(certificate: X509Certificate) {
  return verifyPeer(certificate, [], [fixture.bundle()], { side: 'host', now: Date.now() });
}

test('a request from before the config waits for it', async () => {
  fixture.putDpu('d', 'node-1');
  await fixture.request('early', fixture.identity('node-1', 'd'), 'node-1');
  fixture.putConfig();
  expect(verdictOn(await certificateOf('early')).refusal).toBeUndefined();
});

test('who asks too often is denied before anything is looked up', async () => {
  // More than the limit and what it is refilled by in ten minutes.
  const names = Array.from({ length: 60 }, (_, index) => `r${index}`);
  for (const name of names) await fixture.request(name, fixture.identity('node-1', 'd'), 'node-1');
  await vi.waitFor(() => {
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests/';
    const statuses = names.map((name) => fixture.server.objects.get(`${path}${name}`)?.status);
    expect(JSON.stringify(statuses)).toContain('TooManyRequests');
  }, 60_000);
});

test('the operator makes an authority, publishes it and signs for daemons', async () => {
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  await fixture.reason('Issuing');
  expect(fixture.bundle()).toMatchObject({ installation: fixture.installation, revoked: [] });
  const started = Date.now();
  const identity = fixture.identity('node-1', 'd');
  await fixture.request('r', identity, 'node-1');
  const certificate = await certificateOf('r');
  expect(verdictOn(certificate).identity).toEqual(identity);
  const life = certificate.validToDate.getTime() - issuedAt(certificate);
  expect(issuedAt(certificate)).toBeGreaterThanOrEqual(started);
  expect(life).toBeLessThanOrEqual(24 * hour);
  expect(life).toBeGreaterThan(24 * hour - 2000);
});

test('a daemon of another node gets nothing', async () => {
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  await fixture.request('r', fixture.identity('node-1', 'd'), 'node-2');
  expect(await fixture.answer('r')).toEqual({
    conditions: [expect.objectContaining({ type: 'Denied', reason: 'OtherNode' })],
  });
});

test('before Kubernetes 1.30 the pod of the token says which node it is', async () => {
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  const path = `/api/v1/namespaces/openshift-dpu-operator/pods/dpu-daemon-x`;
  const spec = { nodeName: 'node-1', containers: [] };
  fixture.server.put(path, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'dpu-daemon-x' }, spec });
  const uid = String(fixture.server.objects.get(path)?.metadata.uid);
  const claims = (podUid: string) => ({
    'authentication.kubernetes.io/pod-name': ['dpu-daemon-x'],
    'authentication.kubernetes.io/pod-uid': [podUid],
  });
  await fixture.request('r', fixture.identity('node-1', 'd'), '', claims(uid) as never);
  await fixture.request('former', fixture.identity('node-1', 'd'), '', claims('another') as never);
  expect((await certificateOf('r')).subjectAltName).toContain('node-1/d');
  expect((await fixture.answer('former')).conditions[0]).toMatchObject({ reason: 'NodeNotProven' });
});

test('what is no request is denied', async () => {
  fixture.putConfig();
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests/r';
  await fixture.request('r', fixture.identity('node-1', 'd'), 'node-1');
  const object = fixture.server.objects.get(path);
  if (!object) throw new Error('there is no request');
  fixture.server.put(path, { ...object, spec: { ...(object.spec as object), request: 'aGVsbG8=' } });
  expect((await fixture.answer('r')).conditions[0]).toMatchObject({ type: 'Denied', reason: 'RequestMalformed' });
});

test('an authority is exchanged by orders, and certificates of both count', async () => {
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  const identity = fixture.identity('node-1', 'd');
  await fixture.request('before', identity, 'node-1');
  const before = await certificateOf('before');
  fixture.changeConfigMap({ annotations: { [annotations.trustOrder]: 'rotate' } });
  await vi.waitFor(() => expect(fixture.authorities().map(({ state }) => state)).toEqual(['active', 'next']), 60_000);
  await vi.waitFor(() => expect(fixture.server.objects.get(fixture.configMapPath)?.metadata.annotations).toEqual({}));
  const [, next] = fixture.authorities();
  fixture.changeConfigMap({ annotations: { [annotations.trustOrder]: 'activate' } });
  await vi.waitFor(
    () => expect(fixture.authorities().map(({ state }) => state)).toEqual(['active', 'retired']),
    60_000,
  );
  expect(fixture.authorities()[0]?.fingerprint).toBe(next?.fingerprint);
  expect(Object.keys(fixture.secretData()).sort()).toEqual(['tls.crt', 'tls.key']);
  await fixture.request('after', identity, 'node-1');
  const after = await certificateOf('after');
  expect(after.issuer).not.toBe(before.issuer);
  for (const certificate of [before, after]) expect(verdictOn(certificate).identity).toEqual(identity);
});

test('a Secret that is missing is not made again, also by an operator that starts anew', async () => {
  fixture.putConfig();
  await fixture.reason('Issuing');
  const published = fixture.bundle();
  await fixture.stop();
  const secret = fixture.server.objects.get(fixture.secretPath());
  fixture.server.delete(fixture.secretPath());
  await fixture.start();
  await fixture.reason('AuthorityMissing');
  expect(fixture.server.objects.has(fixture.secretPath())).toBe(false);
  expect(fixture.bundle()).toEqual(published);
  // Put back; a change of the config has it looked for.
  fixture.server.put(fixture.secretPath(), secret as never);
  fixture.putConfig();
  await fixture.reason('Issuing');
  expect(fixture.bundle()).toEqual(published);
});

test("somebody else's authority is taken over, and a broken one is told while the former signs", async () => {
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  await fixture.reason('Issuing');
  const [own] = fixture.authorities();
  const theirs = await (await TestAuthority.create('theirs')).intermediate();
  const { key, certificate } = theirs.authority;
  fixture.putSecret('theirs', { 'tls.crt': certificate, 'tls.key': String(own?.certificate) });
  fixture.putConfig({ caSecretName: 'theirs' });
  const { message } = await fixture.reason('AuthorityBroken');
  expect(message).toMatch(/^Secret theirs: tls\.key: cannot be read: .*meanwhile the former authority signs/);
  await fixture.request('before', fixture.identity('node-1', 'd'), 'node-1');
  expect(verdictOn(await certificateOf('before')).refusal).toBeUndefined();
  fixture.putSecret('theirs', { 'tls.crt': certificate, 'tls.key': key });
  fixture.putConfig({ caSecretName: 'theirs' });
  await fixture.reason('Issuing');
  await fixture.request('after', fixture.identity('node-1', 'd'), 'node-1');
  const after = await certificateOf('after');
  expect(after.checkIssued(new X509Certificate(certificate))).toBe(true);
  expect(verdictOn(after).refusal).toBeUndefined();
  expect(fixture.authorities().map(({ state, secret }) => [state, secret])).toEqual([
    ['active', 'theirs'],
    ['retired', trustNames.authority],
  ]);
});

test('who is gone is revoked, also when that happened without an operator; who comes back is let in', async () => {
  fixture.putConfig();
  for (const name of ['d', 'e']) {
    fixture.putDpu(name, 'node-1');
    await fixture.request(name, fixture.identity('node-1', name), 'node-1');
  }
  const [first, second] = [await certificateOf('d'), await certificateOf('e')];
  fixture.server.delete(fixture.dpuPath('d'));
  await vi.waitFor(() => expect(verdictOn(first).refusal?.reason).toBe('PeerRevoked'), 60_000);
  expect(verdictOn(second).refusal).toBeUndefined();
  await fixture.stop();
  fixture.server.delete(fixture.dpuPath('e'));
  await fixture.start();
  await vi.waitFor(() => expect(verdictOn(second).refusal?.reason).toBe('PeerRevoked'), 60_000);
  fixture.putDpu('d', 'node-1');
  await fixture.request('again', fixture.identity('node-1', 'd'), 'node-1');
  expect(verdictOn(await certificateOf('again')).refusal).toBeUndefined();
});

test("an administrator's revocation stays, beside the operator's own", async () => {
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  await fixture.request('d', fixture.identity('node-1', 'd'), 'node-1');
  await certificateOf('d');
  const order = { subject: `spiffe://${fixture.installation}/dpu/node-9`, before: new Date().toISOString() };
  fixture.changeConfigMap({ data: { 'revoked.json': JSON.stringify([order]) } });
  fixture.server.delete(fixture.dpuPath('d'));
  const subjects = [order.subject, identityUri(fixture.identity('node-1', 'd'))];
  await vi.waitFor(() => expect(fixture.bundle().revoked.map(({ subject }) => subject)).toEqual(subjects), 60_000);
});

test('a ConfigMap that somebody has broken is told, and left as it is', async () => {
  fixture.putConfig();
  await fixture.reason('Issuing');
  fixture.changeConfigMap({ data: { 'revoked.json': '[' } });
  const { message } = await fixture.reason('TrustUnreadable');
  expect(message).toContain('revoked.json: is no JSON');
  fixture.changeConfigMap({ data: { 'revoked.json': '[]' } });
  await fixture.reason('Issuing');
});
