import { describe, expect, test } from 'vitest';
import { bundleData, bundleFrom } from './bundle.ts';
import { TestAuthority } from './testing.ts';

const installation = 'aaaa';
const first = await TestAuthority.create(installation);
const second = await TestAuthority.create(installation);
const revoked = [{ subject: 'spiffe://aaaa/host/node-1', before: '2026-01-02T03:04:05.678Z' }];

const good = bundleData({
  installation,
  authorities: [first.authority.certificate, second.authority.certificate],
  revoked,
});

test('a bundle is read back as it was written', () => {
  const bundle = bundleFrom(good);
  expect(bundle.installation).toBe(installation);
  expect(bundle.authorities.map((pem) => pem.trim())).toEqual([
    first.authority.certificate.trim(),
    second.authority.certificate.trim(),
  ]);
  expect(bundle.revoked).toEqual(revoked);
  expect(bundleData(bundle)).toEqual(good);
});

test('a bundle without revocations revokes nothing', () => {
  expect(bundleFrom({ installation, 'ca.crt': good['ca.crt'] ?? '' }).revoked).toEqual([]);
});

describe('what is wrong is named', async () => {
  const leaf = await first.issue({ side: 'host', node: 'n', dpu: 'd' });
  test.each([
    ['nothing', undefined, /^installation: is missing$/],
    ['no installation', { ...good, installation: '' }, /^installation: is missing$/],
    ['an odd installation', { ...good, installation: 'a/b' }, /^installation: "a\/b" is no id/],
    ['no authority', { ...good, 'ca.crt': 'none' }, /^ca\.crt: has no certificate in PEM$/],
    [
      'broken PEM',
      { ...good, 'ca.crt': good['ca.crt']?.replace('MII', 'NII') ?? '' },
      /^ca\.crt: certificate 1 cannot be read: /,
    ],
    [
      'a leaf',
      { ...good, 'ca.crt': first.authority.certificate + leaf.certificate },
      /^ca\.crt: certificate 2 is not one of an authority/,
    ],
    ['no JSON', { ...good, 'revoked.json': '[' }, /^revoked\.json: is no JSON: /],
    ['no list', { ...good, 'revoked.json': '{}' }, /^revoked\.json: /],
    [
      'an odd subject',
      { ...good, 'revoked.json': '[{"subject":"node-1","before":"2026-01-02T03:04:05Z"}]' },
      /^revoked\.json: 0\.subject: must be spiffe/,
    ],
    [
      'an odd time',
      { ...good, 'revoked.json': '[{"subject":"spiffe://aaaa/host/n","before":"today"}]' },
      /^revoked\.json: 0\.before: /,
    ],
    [
      "another's",
      { ...good, 'revoked.json': '[{"subject":"spiffe://bbbb/host/n","before":"2026-01-02T03:04:05Z"}]' },
      /^revoked\.json: spiffe:\/\/bbbb\/host\/n is not of installation aaaa$/,
    ],
  ])('%s', (_, data, message) => {
    expect(() => bundleFrom(data)).toThrow(message);
  });
});
