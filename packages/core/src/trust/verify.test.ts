import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { identityUri } from './identity.ts';
import { TestAuthority } from './testing.ts';
import { clockDifferenceMs, type VerifyOptions, verifyPeer } from './verify.ts';

const hour = 3_600_000;
const now = Date.now();
const host = { side: 'host', node: 'node-1', dpu: 'dpu-1-host' } as const;
const uri = identityUri({ installation: 'aaaa', ...host });
const ours = await TestAuthority.create('aaaa');
const theirs = await TestAuthority.create('bbbb');
const asHost: VerifyOptions = { side: 'host', now };

const reasonOf = (...args: Parameters<typeof verifyPeer>) => verifyPeer(...args).refusal?.reason;

test('a certificate of a trusted installation says who the other end is', async () => {
  const { x509 } = await ours.issue(host);
  expect(verifyPeer(x509, [], [ours.bundle()], asHost)).toEqual({ identity: { installation: 'aaaa', ...host } });
  const far = await theirs.issue(host);
  expect(verifyPeer(far.x509, [], [ours.bundle(), theirs.bundle()], asHost).identity?.installation).toBe('bbbb');
});

test('an authority that has followed another counts beside it', async () => {
  const next = await TestAuthority.create('aaaa');
  const authorities = [ours.authority.certificate, next.authority.certificate];
  const bundle = { installation: 'aaaa', authorities, revoked: [] };
  expect(reasonOf((await ours.issue(host)).x509, [], [bundle], asHost)).toBeUndefined();
  expect(reasonOf((await next.issue(host)).x509, [], [bundle], asHost)).toBeUndefined();
});

test('one intermediate may stand between, if it is an authority itself', async () => {
  const intermediate = await ours.intermediate();
  const { x509 } = await intermediate.issue(host);
  const link = intermediate.bundle().authorities.map((pem) => new X509Certificate(pem));
  expect(reasonOf(x509, link, [ours.bundle()], asHost)).toBeUndefined();
  expect(reasonOf(x509, [], [ours.bundle()], asHost)).toBe('PeerNotTrusted');
  expect(reasonOf(x509, [], [intermediate.bundle()], asHost)).toBeUndefined();
  // A daemon's own certificate signs nothing.
  const leaf = await ours.issue(host);
  const forged = await new TestAuthority('aaaa', leaf).issue({ ...host, node: 'node-2' });
  expect(reasonOf(forged.x509, [leaf.x509], [ours.bundle()], asHost)).toBe('PeerNotTrusted');
});

test('an authority vouches for its own installation only', async () => {
  const forged = await theirs.issue({ installation: 'aaaa', ...host });
  expect(reasonOf(forged.x509, [], [ours.bundle(), theirs.bundle()], asHost)).toBe('PeerNotTrusted');
});

test('another installation, an unknown authority and no identity are refused', async () => {
  const other = await theirs.issue(host);
  expect(verifyPeer(other.x509, [], [ours.bundle()], asHost).refusal).toEqual({
    reason: 'PeerOtherInstallation',
    message: expect.stringContaining('dpuctl trust import'),
  });
  const former = await TestAuthority.create('aaaa');
  expect(reasonOf((await former.issue(host)).x509, [], [ours.bundle()], asHost)).toBe('PeerNotTrusted');
  expect(reasonOf((await ours.issueUri('https://example.org/')).x509, [], [ours.bundle()], asHost)).toBe(
    'PeerNoIdentity',
  );
});

test('time decides, with five minutes for clocks that differ', async () => {
  const expired = await ours.issue(host, { issued: now - 2 * hour, notAfter: now - 1000 });
  expect(reasonOf(expired.x509, [], [ours.bundle()], asHost)).toBe('PeerExpired');
  const { x509 } = await ours.issue(host);
  const from = x509.validFromDate.getTime();
  const at = (time: number) => reasonOf(x509, [], [ours.bundle()], { side: 'host', now: time });
  expect(at(from - clockDifferenceMs)).toBeUndefined();
  expect(at(from - clockDifferenceMs - 1)).toBe('PeerNotYetValid');
  expect(at(x509.validToDate.getTime())).toBeUndefined();
});

test('an expired authority vouches for nothing', async () => {
  const old = await TestAuthority.create('aaaa', { notBefore: now - 2 * hour, notAfter: now - hour });
  const { x509 } = await old.issue(host, { issued: now - 90 * 60_000 });
  expect(reasonOf(x509, [], [old.bundle()], asHost)).toBe('PeerExpired');
});

test('a certificate counts for its own side only', async () => {
  const { x509 } = await ours.issue(host);
  expect(reasonOf(x509, [], [ours.bundle()], { side: 'dpu', now })).toBe('PeerWrongSide');
  const usedOtherwise = await ours.issue(host, { usage: 'serverAuth' });
  expect(reasonOf(usedOtherwise.x509, [], [ours.bundle()], asHost)).toBe('PeerWrongSide');
});

test('what was issued before a revocation is refused, and what was issued after it counts', async () => {
  const before = new Date(now).toISOString();
  const old = await ours.issue(host, { issued: now - 1 });
  const renewed = await ours.issue(host, { issued: now });
  for (const subject of [uri, 'spiffe://aaaa/host/node-1']) {
    const bundles = [ours.bundle([{ subject, before }])];
    expect(reasonOf(old.x509, [], bundles, asHost)).toBe('PeerRevoked');
    expect(reasonOf(renewed.x509, [], bundles, asHost)).toBeUndefined();
  }
  for (const subject of ['spiffe://aaaa/dpu/node-1', 'spiffe://aaaa/host/node-10', `${uri}-2`]) {
    expect(reasonOf(old.x509, [], [ours.bundle([{ subject, before }])], asHost)).toBeUndefined();
  }
});

test('where peers are listed, others are refused', async () => {
  const { x509 } = await ours.issue(host);
  expect(reasonOf(x509, [], [ours.bundle()], { ...asHost, peers: [uri] })).toBeUndefined();
  expect(reasonOf(x509, [], [ours.bundle()], { ...asHost, peers: [] })).toBe('PeerNotListed');
});
