import { expect, test } from 'vitest';
import { challengeOf, tokenUrl } from './challenge.ts';
import { mirrored } from './mirror.ts';
import { authoritiesFor, loginFor, parsePullSecret, pullSecretType } from './pull-secret.ts';
import { isReference, parseReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['vsp', { registry: 'docker.io', repository: 'library/vsp', tag: 'latest' }],
  ['acme/vsp:1', { registry: 'docker.io', repository: 'acme/vsp', tag: '1' }],
  ['localhost/vsp', { registry: 'localhost', repository: 'vsp', tag: 'latest' }],
  ['r.example.com:5000/vsp', { registry: 'r.example.com:5000', repository: 'vsp', tag: 'latest' }],
  [`r.example.com/a/b:1@${digest}`, { registry: 'r.example.com', repository: 'a/b', tag: '1', digest }],
])('%s is read as Docker reads it', (image, parts) => {
  expect(isReference(image)).toBe(true);
  expect(parseReference(image)).toEqual({ digest: undefined, ...parts });
});

test.each([
  'r.example.com/a b',
  'r.example.com/a?b=c',
  'r.example.com/../x',
  'r.example.com:99999/x',
  'r.example.com/x@md5:00',
  'r.example.com/x@sha256:00',
  'https://r.example.com/x',
  'r.example.com/x:',
])('%s is no name of an image', (image) => expect(isReference(image)).toBe(false));

test('of several mirrors the one for the longest part of the name counts', () => {
  const mirrors = [
    { source: 'r.example.com', mirror: 'm.example.com:5000' },
    { source: 'r.example.com/acme', mirror: 'm.example.com/vendors/acme' },
    { source: 'docker.io', mirror: 'm.example.com/hub' },
  ];
  const images = [
    'r.example.com/acme/vsp:1',
    `r.example.com/acme/vsp:1@${digest}`,
    'r.example.com/acmeplus',
    'vsp',
    'other.com/x:1',
  ];
  expect(images.map((image) => mirrored(image, mirrors))).toEqual([
    'm.example.com/vendors/acme/vsp:1',
    `m.example.com/vendors/acme/vsp@${digest}`,
    'm.example.com:5000/acmeplus:latest',
    'm.example.com/hub/library/vsp:latest',
    'other.com/x:1',
  ]);
});

const dockerConfig = (auths: object) => ({ '.dockerconfigjson': JSON.stringify({ auths }) });
const auth = (username: string) => ({ auth: Buffer.from(`${username}:p:w`).toString('base64') });

test('the login of the longest name that covers an image counts', () => {
  const auths = {
    'https://index.docker.io/v1/': auth('hub'),
    'r.example.com': { username: 'all', password: 'p:w' },
    'r.example.com/acme': auth('acme'),
    '*.example.com:5000': auth('any'),
  };
  const secrets = [parsePullSecret(pullSecretType, { ...dockerConfig(auths), 'ca.crt': ' PEM ' })];
  const of = (image: string) => loginFor(parseReference(image), secrets)?.username;
  const images = ['vsp', 'r.example.com/x', 'r.example.com/acme/vsp', 'r.example.com/acmeplus', 'm.example.com:5000/x'];
  expect(images.map(of)).toEqual(['hub', 'all', 'acme', 'all', 'any']);
  expect([of('a.b.example.com:5000/x'), of('example.com/x')]).toEqual([undefined, undefined]);
  expect(loginFor(parseReference('vsp'), secrets)?.password).toBe('p:w');
  expect(secrets[0]?.ca).toBe('PEM');
});

test.each([
  ['another type', 'kubernetes.io/service-account-token', dockerConfig({}), 'must be kubernetes.io/dockerconfigjson'],
  ['no key', pullSecretType, {}, '.dockerconfigjson'],
  ['no JSON', pullSecretType, { '.dockerconfigjson': '{' }, '.dockerconfigjson'],
])('a Secret with %s is refused', (_, type, data, message) => {
  expect(() => parsePullSecret(type, data)).toThrow(message);
});

test.each([
  ['no password', { username: 'u' }, 'no username and password for r.io'],
  ['a token', { identitytoken: 't' }, 'identitytoken'],
])('%s is refused where that registry is asked, and only there', (_, entry, message) => {
  const secrets = [parsePullSecret(pullSecretType, dockerConfig({ 'r.io': entry, 'other.io': auth('u') }))];
  expect(() => loginFor(parseReference('r.io/x'), secrets)).toThrow(message);
  expect(loginFor(parseReference('other.io/x'), secrets)?.username).toBe('u');
});

test('an authority counts for the registries of its Secret', () => {
  const secret = (ca: string, ...registries: string[]) => {
    const auths = Object.fromEntries(registries.map((registry) => [registry, auth('u')]));
    return parsePullSecret(pullSecretType, { ...dockerConfig(auths), 'ca.crt': ca });
  };
  const secrets = [secret('A', 'a.io/team', '*.b.io'), secret('C', 'c.io'), secret('any')];
  const of = (image: string) => authoritiesFor(parseReference(image), secrets);
  expect([of('a.io/x'), of('x.b.io/x'), of('c.io/x'), of('d.io/x')]).toEqual([
    ['A', 'any'],
    ['A', 'any'],
    ['C', 'any'],
    ['any'],
  ]);
});

test('a challenge says where a token is had', () => {
  const challenge = challengeOf(
    'Bearer realm="https://auth.example.com/token?a=b",service="r", scope="repository:x:pull"',
  );
  expect(challenge && tokenUrl(challenge, 'y')?.href).toBe(
    'https://auth.example.com/token?a=b&service=r&scope=repository%3Ax%3Apull',
  );
  const bare = challengeOf('Bearer realm=https://auth.example.com/');
  expect(bare && tokenUrl(bare, 'acme/vsp')?.searchParams.get('scope')).toBe('repository:acme/vsp:pull');
  expect(challengeOf('Basic realm="x"')?.scheme).toBe('basic');
  expect(tokenUrl({ scheme: 'bearer', parameters: {} }, 'x')).toBeUndefined();
});
