import { expect, test } from 'vitest';
import { failureKind, npmFailure } from './failure.ts';
import { npmrc, parseCredentials } from './settings.ts';

const registry = 'https://npm.example.com';

const result = (stdout: string, stderr = '') => ({ stdout, stderr, exitCode: 1 });

test("npm's failure is read from its JSON, else from its log", () => {
  const json = JSON.stringify({ error: { code: 'E401', summary: 'Unable to\n authenticate', detail: '' } });
  expect(npmFailure(result(json))).toEqual({ code: 'E401', summary: 'Unable to authenticate' });
  const log = 'npm error code EROFS\nnpm error read-only file system\n';
  expect(npmFailure(result('', log))).toEqual({ code: 'EROFS', summary: 'read-only file system' });
  expect(npmFailure(result('{}'))).toEqual({ code: 'UNKNOWN', summary: 'npm ended without a word' });
});

test.each([
  ['E404', 'notFound'],
  ['E403', 'unauthorized'],
  ['ECONNRESET', 'unreachable'],
  ['ERR_SOCKET_TIMEOUT', 'unreachable'],
  ['E503', 'unreachable'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted'],
  ['EINTEGRITY', 'tampered'],
  ['EALLOWREMOTE', 'forbiddenSource'],
  ['ENOSPC', 'node'],
  ['EWHATEVER', 'other'],
])('%s is %s', (code, kind) => expect(failureKind({ code, summary: '' })).toBe(kind));

test('settings name the registry, and the credentials for it alone', () => {
  const settings = { registry: 'http://npm.example.com:4873/team', silenceMs: 4500, retries: 1 };
  const withToken = npmrc({ ...settings, credentials: { token: 'secret' }, caFile: '/tmp/ca.crt' });
  expect(withToken).toContain('registry=http://npm.example.com:4873/team/\n');
  expect(withToken).toContain('//npm.example.com:4873/team/:_authToken="secret"\n');
  expect(withToken).toContain('cafile=/tmp/ca.crt\n');
  expect(withToken).toContain('ignore-scripts=true\n');
  const withPassword = npmrc({ ...settings, credentials: { username: 'u', password: 'p' } });
  expect(withPassword).toContain('//npm.example.com:4873/team/:username="u"\n');
  expect(withPassword).toContain(`//npm.example.com:4873/team/:_password=${btoa('p')}\n`);
});

test('credentials are a token, a name with a password, or an authority', () => {
  const parsed = (data: Record<string, string>) => parseCredentials({ registry: `${registry}/\n`, ...data }, registry);
  expect(parsed({ token: ' abc\n' })).toEqual({ token: 'abc' });
  expect(parsed({ username: 'u', password: 'p', other: 'x' })).toEqual({ username: 'u', password: 'p' });
  expect(parsed({ 'ca.crt': 'pem' })).toEqual({ ca: 'pem' });
});

test.each([
  ['a username but no password', { username: 'u' }],
  ['a password but no username', { password: 'p' }],
  ['it has no keys', {}],
  ['it has Token', { Token: 'x' }],
  // Another line of settings would go in with it.
  ['white space', { registry, token: 'x\nregistry=http://elsewhere' }],
  // A ServiceAccount's token, or whatever else somebody names.
  ['names no registry', { token: 'x', 'ca.crt': 'pem', namespace: 'default' }],
  ['another registry', { registry: 'https://npm.example.com.elsewhere', token: 'x' }],
  ['another registry', { registry: 'https://npm.example.com/team', token: 'x' }],
  ['another registry', { registry: 'http://npm.example.com', token: 'x' }],
  ['another registry', { registry: 'npm.example.com', token: 'x' }],
])('credentials with %s are refused', (message, data) => {
  expect(() => parseCredentials(data, registry)).toThrow(message);
});
