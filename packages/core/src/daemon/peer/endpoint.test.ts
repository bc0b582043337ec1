import { expect, test } from 'vitest';
import { grpcAddress, parseEndpoint } from './endpoint.ts';

test.each([
  ['192.0.2.1', '192.0.2.1:50151'],
  ['[2001:db8::1]', '[2001:db8::1]:50151'],
  ['2001:db8::1', '[2001:db8::1]:50151'],
  ['[fe80::1%enp0s1]', '[fe80::1%enp0s1]:50151'],
  ['[fe80::1%25enp0s1]', '[fe80::1%enp0s1]:50151'],
  ['dpu.example.org', 'dpu.example.org:50151'],
])('%s is dialled at %s', (ip, address) => {
  expect(grpcAddress(parseEndpoint({ ip, port: 50151 }))).toBe(address);
});

test.each([
  ['', 50151],
  ['192.0.2.1', 0],
  ['192.0.2.1', 70_000],
  ['unix:/run/x', 1],
])('refuses %s, port %i', (ip, port) => {
  expect(() => parseEndpoint({ ip, port })).toThrow(/answered Init/);
});
