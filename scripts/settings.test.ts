import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { namedImages, parseRegistry, parseTag, reference } from './settings.ts';

const silent = () => {};

test('REGISTERY is taken too, with a hint; REGISTRY wins', () => {
  const hints: string[] = [];
  const hint = (text: string) => hints.push(text);
  expect(parseRegistry({ REGISTERY: 'quay.io/me' }, hint)).toEqual({ name: 'quay.io/me', tlsVerify: true });
  expect(hints).toEqual(['REGISTERY is taken for REGISTRY=quay.io/me: it is spelled REGISTRY']);
  expect(parseRegistry({ REGISTRY: 'a.example:5000', REGISTERY: 'b' }, hint).name).toBe('a.example:5000');
  expect(hints).toHaveLength(1);
});

test('without either it is port 5000 of this machine', () => {
  expect(parseRegistry({}, silent).name).toBe(`${hostname().toLowerCase()}:5000`);
});

test.each([
  [{ REGISTRY: 'https://quay.io/me' }, 'REGISTRY=https://quay.io/me: without https://'],
  [{ REGISTRY: 'quay.io/Me' }, 'REGISTRY=quay.io/Me: it must be'],
  [{ REGISTRY: 'quay.io/me:1.0' }, 'REGISTRY=quay.io/me:1.0: it must be'],
  [{ PUSH_TLS_VERIFY: 'no' }, 'PUSH_TLS_VERIFY=no: it must be true or false'],
])('%j is refused by name', (env, message) => {
  expect(() => parseRegistry(env, silent)).toThrow(message);
});

test('images are tagged with the version, or TAG', () => {
  expect(parseTag({}, '0.1.0')).toBe('0.1.0');
  expect(reference({ name: 'quay.io/me' }, 'vsp', parseTag({ TAG: 'dev' }, '0.1.0'))).toBe(
    'quay.io/me/dpu-operator/vsp:dev',
  );
  expect(() => parseTag({ TAG: 'a b' }, '0.1.0')).toThrow('TAG=a b: it must be');
});

test('both images are named, or none', () => {
  expect(namedImages({})).toBeUndefined();
  expect(namedImages({ OPERATOR_IMAGE: 'o:1', VSP_IMAGE: 'v:1' })).toEqual({ operator: 'o:1', vsp: 'v:1' });
  expect(() => namedImages({ OPERATOR_IMAGE: 'o:1' })).toThrow('VSP_IMAGE is not set');
  expect(() => namedImages({ OPERATOR_IMAGE: 'quay.io:443/o', VSP_IMAGE: 'v:1' })).toThrow(
    'OPERATOR_IMAGE=quay.io:443/o: must be <repository>:<tag>',
  );
});
