import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { operatorNamespace } from '../../api/names/names.ts';
import { Informer } from '../../kube/index.ts';
import { parseIdentity } from '../../trust/identity.ts';
import { IssuedIdentities } from './issued.ts';
import { TrustFixture } from './testing/trust-fixture.ts';

const identity = 'spiffe://aaaa/host/node-1/d';
let fixture: TrustFixture;
let dpus: Informer<typeof dataProcessingUnit.schema._output>;
let issued: IssuedIdentities;
let watching: AbortController;

beforeEach(async () => {
  fixture = new TrustFixture();
  await fixture.start();
  dpus = new Informer(fixture.store, dataProcessingUnit, { logger: pino({ enabled: false }) });
  issued = new IssuedIdentities(fixture.store, operatorNamespace, dpus);
  watching = new AbortController();
});
afterEach(async () => {
  watching.abort();
  await fixture.stop();
});

test('who is gone is told until that is revoked', async () => {
  const now = Date.now();
  await issued.add(identity, now - 1000);
  await dpus.start(watching.signal);
  expect(await issued.gone([], now)).toEqual([identity]);
  const revocation = { subject: 'spiffe://aaaa/host/node-1', before: new Date(now).toISOString() };
  expect(await issued.gone([revocation], now)).toEqual([]);
});

test('what another operator has issued is known, in whichever ConfigMap it is, and forgotten when it has expired', async () => {
  const now = Date.now();
  const identities = Array.from({ length: 40 }, (_, index) => `spiffe://aaaa/host/node-${index}/d`);
  for (const one of identities) await issued.add(one, now);
  const shards = [...fixture.server.objects.keys()].filter((path) => path.includes('/configmaps/dpu-channel-issued-'));
  expect(shards.length).toBeGreaterThan(5);
  const next = new IssuedIdentities(fixture.store, operatorNamespace, dpus);
  expect([...(await next.all()).keys()].sort()).toEqual(identities.sort());
  await next.prune(now + 400 * 24 * 3_600_000);
  expect((await new IssuedIdentities(fixture.store, operatorNamespace, dpus).all()).size).toBe(0);
});

test('a cache that is behind does not have it revoked', async () => {
  const now = Date.now();
  await issued.add(identity, now);
  fixture.putDpu('d', 'node-2');
  await dpus.start(watching.signal);
  expect(await issued.gone([], now)).toEqual([identity]);
  watching.abort();
  fixture.putDpu('d', 'node-1');
  expect(dpus.get('d')?.spec.nodeName).toBe('node-2');
  expect(await issued.gone([], now)).toEqual([]);
});

test('the other identities of a node are counted while their certificates may be valid', async () => {
  const now = Date.now();
  const day = 24 * 3_600_000;
  await issued.add(identity, now);
  await issued.add('spiffe://aaaa/dpu/node-1/e', now);
  await issued.add('spiffe://aaaa/host/node-1/old', now - 2 * day);
  await issued.add('spiffe://aaaa/host/node-2/f', now);
  const parsed = parseIdentity(identity);
  if (!parsed) throw new Error('no identity');
  expect(await issued.othersOfNode(parsed, now)).toBe(1);
});

test('each certificate is a look at those that may be gone, not at all of a fleet', async () => {
  const now = Date.now();
  const names = Array.from({ length: 50 }, (_, index) => `d-${index}`);
  for (const name of names) fixture.putDpu(name, `node-of-${name}`);
  await dpus.start(watching.signal);
  for (const name of names) await issued.add(`spiffe://aaaa/host/node-of-${name}/${name}`, now);
  const looked = vi.spyOn(dpus, 'get');
  expect(await issued.gone([], now)).toEqual([]);
  expect(looked).not.toHaveBeenCalled();
  // Another node's, and back.
  fixture.putDpu('d-7', 'another-node');
  await vi.waitFor(async () => expect(await issued.gone([], now)).toEqual(['spiffe://aaaa/host/node-of-d-7/d-7']));
  fixture.putDpu('d-7', 'node-of-d-7');
  await vi.waitFor(() => expect(dpus.get('d-7')?.spec.nodeName).toBe('node-of-d-7'));
  looked.mockClear();
  expect(await issued.gone([], now)).toEqual([]);
  expect(looked).not.toHaveBeenCalled();
});
