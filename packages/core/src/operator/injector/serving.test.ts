import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { injectorNames, operatorNamespace } from '../../api/names/names.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { splitPem } from '../../trust/bundle.ts';
import { makeServingCertificate } from '../../trust/x509/operations.ts';
import { keeperOf, planServing, servingLifetimeMs } from './plan.ts';
import { ServingController } from './serving-controller.ts';

const name = `${injectorNames.service}.${operatorNamespace}.svc`;
const dayMs = 24 * 3_600_000;
const made = (issued: number, notAfter = issued + servingLifetimeMs, host = name) =>
  makeServingCertificate({ name: host, issued, notAfter });

test('a certificate is kept until two thirds of its life are over', async () => {
  const now = Date.now();
  const secret = await made(now);
  const planAt = (at: number) => planServing({ now: at, name, secret, isOwned: true, bundle: secret.authority });
  expect(planAt(now)).toEqual({ renew: undefined, authorities: [secret.authority.trim()] });
  expect(planAt(now + 240 * dayMs).renew).toBeUndefined();
  expect(planAt(now + 250 * dayMs)).toEqual({
    renew: expect.stringContaining('tls.crt is valid until'),
    // The API server takes it on, until the injector shows the next one.
    authorities: [secret.authority.trim()],
  });
  expect(planAt(now + 366 * dayMs).authorities).toEqual([]);
});

test('what is wrong with a certificate is the reason for another', async () => {
  const now = Date.now();
  const [secret, other, elsewhere] = await Promise.all([made(now), made(now), made(now, now + dayMs, 'elsewhere')]);
  const reason = (wrong: Partial<typeof secret> | undefined, isOwned = true) =>
    planServing({ now, name, secret: wrong && { ...secret, ...wrong }, isOwned, bundle: '' }).renew;
  expect(reason(undefined)).toBe('there is none');
  expect(reason({}, false)).toBe('it goes with a webhook that has gone');
  expect(reason({ key: other.key })).toBe('tls.key does not belong to tls.crt');
  expect(reason({ authority: other.authority })).toBe('ca.crt did not sign tls.crt');
  expect(reason(elsewhere)).toBe(`tls.crt is not for ${name}`);
  expect(reason({ certificate: 'x' })).toContain('it cannot be read: ');
});

test('of former authorities the newest stay', async () => {
  const now = Date.now();
  const [secret, ...others] = await Promise.all(Array.from({ length: 6 }, () => made(now)));
  const formers = others.map(({ authority }) => authority.trim());
  const bundle = formers.join('\n');
  expect(planServing({ now, name, secret, isOwned: true, bundle }).authorities).toEqual([
    secret?.authority.trim(),
    ...formers.slice(0, 3),
  ]);
});

test('service-ca keeps the certificate where there is one, cert-manager where it is asked to', () => {
  const serviceCa = { 'service.beta.openshift.io/inject-cabundle': 'true' };
  expect(keeperOf(serviceCa, true)).toBe('service-ca');
  expect(keeperOf(serviceCa, false)).toBe('operator');
  expect(keeperOf({ ...serviceCa, 'cert-manager.io/inject-ca-from': 'a/b' }, true)).toBe('cert-manager');
  expect(keeperOf({ ...serviceCa, 'cert-manager.io/inject-ca-from-secret': 'a/b' }, true)).toBe('cert-manager');
  expect(keeperOf(undefined, true)).toBe('operator');
});

const webhookPath = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${injectorNames.webhook}`;
const secretPath = `/api/v1/namespaces/${operatorNamespace}/secrets/${injectorNames.certificate}`;

let server: TestApiServer;
let stop: AbortController;
let running: Promise<void>;
let serving: ServingController;

beforeEach(async () => {
  server = new TestApiServer();
  stop = new AbortController();
  serving = new ServingController(await server.start(), { namespace: operatorNamespace }, pino({ enabled: false }));
  serving.watch(stop.signal);
  running = serving.controller.start(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  server.close();
});

function putWebhook(annotations: Record<string, string> = {}): void {
  server.put(webhookPath, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: injectorNames.webhook, annotations },
    webhooks: [{ name: 'a.k8s.io', clientConfig: { service: {} } }],
  });
}

const decode = (text: unknown) => Buffer.from(String(text), 'base64').toString();

/** The authorities that the API server takes, and the certificate that the injector is given. */
function published() {
  const webhook = server.objects.get(webhookPath) as
    | { webhooks?: { clientConfig: { caBundle?: string } }[] }
    | undefined;
  const secret = server.objects.get(secretPath) as { data?: Record<string, string> } | undefined;
  const bundle = webhook?.webhooks?.[0]?.clientConfig.caBundle;
  const certificate = secret?.data?.['tls.crt'];
  if (bundle === undefined || certificate === undefined) throw new Error('nothing is published yet');
  const leaf = new X509Certificate(decode(certificate));
  const authorities = splitPem(decode(bundle)).map((pem) => new X509Certificate(pem));
  return { leaf, authorities, isKnown: authorities.some(({ publicKey }) => leaf.verify(publicKey)) };
}

test('the API server knows the certificate before the injector has it, also the next one', async () => {
  putWebhook();
  await vi.waitFor(() => expect(published().isKnown).toBe(true));
  const first = published();
  expect(first.leaf.checkHost(name)).toBe(name);
  expect(server.writes).toEqual([`PATCH ${webhookPath}`, `POST ${secretPath.replace(/\/[^/]+$/, '')}`]);
  const secret = server.objects.get(secretPath);
  expect(secret?.metadata.ownerReferences).toEqual([
    expect.objectContaining({ kind: 'MutatingWebhookConfiguration', name: injectorNames.webhook }),
  ]);

  // Somebody has spoilt it.
  if (secret) server.put(secretPath, { ...secret, data: { ...(secret.data as object), 'tls.key': '' } });
  putWebhook({ another: 'look' });
  await vi.waitFor(() => expect(published().leaf.fingerprint256).not.toBe(first.leaf.fingerprint256));
  expect(published().isKnown).toBe(true);
  expect(server.writes.slice(2)).toEqual([`PATCH ${webhookPath}`, `PATCH ${secretPath}`]);
});

test('where the Secret cannot be written each try has the same certificate', async () => {
  const isCreation = (write: string) => write.startsWith('POST ');
  server.forbid = (write) => (isCreation(write) ? 'not now' : undefined);
  putWebhook();
  await vi.waitFor(() => expect(server.writes.filter(isCreation).length).toBeGreaterThan(2));
  server.forbid = () => undefined;
  await vi.waitFor(() => expect(published().isKnown).toBe(true));
  expect(published().authorities).toHaveLength(1);
});

test.each(['cert-manager.io/inject-ca-from', 'service.beta.openshift.io/inject-cabundle'])(
  'a webhook with %s is left to who reads that',
  async (annotation) => {
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusterversions.config.openshift.io';
    server.put(crd, { metadata: { name: 'clusterversions.config.openshift.io' } });
    putWebhook({ [annotation]: annotation.startsWith('service') ? 'true' : 'a/b' });
    // Its reconciliation is over when it says when it looks again.
    await vi.waitFor(async () => expect(await serving.reconcile(injectorNames.webhook)).toBeDefined());
    expect(server.writes).toEqual([]);
  },
);
