import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRequest } from './request.ts';
import { issuedAt } from './serial.ts';
import { TestAuthority } from './testing.ts';
import { x509 } from './x509/run.ts';

const identity = { installation: 'aaaa', side: 'dpu', node: 'node-1', dpu: 'dpu-1' } as const;

test('a request carries the identity and the key that it was made with', async () => {
  const { key, request } = await createRequest(identity);
  expect(await x509('readRequest', { request })).toEqual({
    signed: true,
    subject: '',
    names: ['url:spiffe://aaaa/dpu/node-1/dpu-1'],
    key: 'ECDSA P-256',
  });
  const { authority } = await TestAuthority.create('aaaa');
  const issued = Date.now();
  const notAfter = issued + 60_000;
  const order = { request, uri: 'spiffe://aaaa/dpu/node-1/dpu-1', commonName: 'dpu', usage: 'serverAuth' as const };
  const { certificate } = await x509('issue', { ...order, authority, issued, notAfter });
  const parsed = new X509Certificate(certificate);
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(parsed.publicKey.equals(createPublicKey(createPrivateKey(key)))).toBe(true);
  expect(issuedAt(parsed)).toBe(issued);
});

test('what is no request is refused with a reason', async () => {
  await expect(x509('readRequest', { request: 'hello' })).rejects.toThrow(/\w/);
});

test('an authority whose key is not its own signs nothing', async () => {
  const one = await TestAuthority.create('aaaa');
  const other = await TestAuthority.create('aaaa');
  const mixed = new TestAuthority('aaaa', { ...one.authority, key: other.authority.key });
  await expect(mixed.issue({ side: 'host', node: 'n', dpu: 'd' })).rejects.toThrow('does not belong');
});
