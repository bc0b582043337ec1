import { expect, test } from 'vitest';
import { identityOf, identityUri, installationOf, isRevocable, parseIdentity } from './identity.ts';
import { TestAuthority } from './testing.ts';

const installation = '6ed9163f2ad54ba29b3ad4ae2a1e7c11';
const identity = {
  installation,
  side: 'host',
  node: 'worker-1.example.org',
  dpu: 'marvell-dpu-0000-01-00.0-host',
} as const;

test('an identity is read back as it was written', () => {
  const uri = identityUri(identity);
  expect(uri).toBe(`spiffe://${installation}/host/worker-1.example.org/marvell-dpu-0000-01-00.0-host`);
  expect(parseIdentity(uri)).toEqual(identity);
});

test.each([
  '',
  'https://a/host/n/d',
  `spiffe://${installation}/host/n`,
  `spiffe://${installation}/switch/n/d`,
  `spiffe://${installation}/host/n/d/e`,
  `spiffe://${installation}/host/N/d`,
  `spiffe://${installation}/host/../d`,
  `spiffe://${installation}/host/n/d, URI:spiffe://${installation}/host/n/e`,
  `spiffe://${installation.toUpperCase()}/host/n/d`,
  `spiffe:///host/n/d`,
])('%j is no identity', (uri) => {
  expect(parseIdentity(uri)).toBeUndefined();
});

test('a revocation names an identity or one side of a node', () => {
  expect(isRevocable(identityUri(identity))).toBe(true);
  expect(isRevocable(`spiffe://${installation}/dpu/node-1`)).toBe(true);
  expect(isRevocable(`spiffe://${installation}/dpu`)).toBe(false);
  expect(isRevocable(`spiffe://${installation}/dpu/`)).toBe(false);
  expect(isRevocable('worker-1')).toBe(false);
});

test('the id of an installation is the uid of its namespace without dashes', () => {
  expect(installationOf('6ED9163F-2ad5-4ba2-9b3a-d4ae2a1e7c11')).toBe(installation);
});

test('an identity stands in a certificate as its only alternative name', async () => {
  const authority = await TestAuthority.create(installation);
  const good = await authority.issue(identity);
  expect(good.x509.subjectAltName).toBe(`URI:${identityUri(identity)}`);
  expect(identityOf(good.x509)).toEqual(identity);
  const odd = await authority.issueUri(`${identityUri(identity)}, URI:${identityUri(identity)}`);
  expect(odd.x509.subjectAltName).toContain(identityUri(identity));
  expect(identityOf(odd.x509)).toBeUndefined();
});
