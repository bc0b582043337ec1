import { expect, test } from 'vitest';
import { mayUseHttp } from './http-registries.ts';

test.each([
  ['registry.example.com', ['registry.example.com:80'], true],
  ['registry.example.com:80', ['registry.example.com'], true],
  ['registry.example.com:80', ['registry.example.com:80'], true],
  ['[2001:db8::1]', ['[2001:db8::1]:80'], true],
  ['registry.example.com', ['Registry.example.com'], true],
  ['registry.example.com', ['registry.example.com:8080'], false],
  ['registry.example.com:8080', ['registry.example.com'], false],
  ['registry.example.com', ['example.com'], false],
  ['registry.example.com', ['registry.example.com:99999'], false],
  ['registry.example.com', [], false],
  ['registry.example.com', undefined, false],
])('%s, where %j may use http: %s', (host, entries, may) => {
  expect(mayUseHttp(host, entries)).toBe(may);
});
