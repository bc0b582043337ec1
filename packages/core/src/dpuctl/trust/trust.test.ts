/** The commands against an operator and an API server in memory; certificates are real. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { operatorNamespace } from '../../api/names/names.ts';
import { TrustFixture } from '../../operator/trust/testing/trust-fixture.ts';
import { bundleFrom } from '../../trust/bundle.ts';
import { TestAuthority } from '../../trust/testing.ts';
import type { Context } from '../context.ts';
import { exportTrust, importedConfigMap } from './export.ts';
import { importTrust, mergeRevocations } from './import.ts';
import { listTrust } from './list.ts';
import { removeTrust } from './remove.ts';
import { allow, revoke } from './revoke.ts';
import { rotate } from './rotate.ts';

const theirs = 'b'.repeat(32);
const theirPath = `/api/v1/namespaces/${operatorNamespace}/configmaps/dpu-channel-trust-${theirs}`;
let fixture: TrustFixture;
let directory: string;
let printed: string[];
let context: Context;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dpuctl-'));
  fixture = new TrustFixture();
  await fixture.start();
  fixture.putConfig();
  fixture.putDpu('d', 'node-1');
  await fixture.reason('Issuing');
  printed = [];
  context = { store: fixture.store, namespace: operatorNamespace, print: (line) => printed.push(line) };
});
afterEach(async () => {
  await fixture.stop();
  await rm(directory, { recursive: true });
});

async function file(content: unknown): Promise<string> {
  const path = join(directory, 'trust.yaml');
  await writeFile(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const output = () => printed.splice(0).join('\n');

test('what one cluster exports, another one imports, and takes back', async () => {
  await exportTrust(context);
  const exported = parse(output());
  expect(exported.metadata).toEqual({
    name: `dpu-channel-trust-${fixture.installation}`,
    namespace: operatorNamespace,
    labels: { 'dpu.config.openshift.io/trusted-installation': fixture.installation },
    annotations: { 'dpu.config.openshift.io/trust-exported': expect.stringMatching(/^20/) },
  });
  expect(bundleFrom(exported.data)).toEqual(fixture.bundle());
  await expect(importTrust(context, await file(exported), false)).rejects.toThrow('this very cluster');

  const authority = await TestAuthority.create(theirs);
  const manifest = importedConfigMap(authority.bundle(), operatorNamespace);
  await importTrust(context, await file(manifest), false);
  expect(output()).toBe(`installation ${theirs} is trusted: 1 authority, 0 revoked`);
  expect(fixture.server.objects.get(theirPath)).toMatchObject(manifest);
  await importTrust(context, await file(manifest), false);
  expect(output()).toContain('nothing of it has changed');

  await listTrust(context);
  const list = output();
  expect(list).toContain(`installation ${fixture.installation} (this cluster)`);
  expect(list).toMatch(/authority [0-9A-F:]{23} until 20\d\d-\d\d-\d\d: active, Secret dpu-channel-ca/);
  expect(list).toContain(`installation ${theirs} (trusted)`);
  expect(list).toContain('DataProcessingUnit d: says nothing of its channel');

  // One that was not made by dpuctl trusts it as well.
  const otherPath = theirPath.replace(/[^/]*$/, 'by-hand');
  fixture.server.put(otherPath, { ...manifest, metadata: { ...manifest.metadata, name: 'by-hand' } });
  await removeTrust(context, theirs);
  expect(output()).toContain('is trusted no longer');
  for (const path of [theirPath, otherPath]) expect(fixture.server.objects.has(path)).toBe(false);
  await removeTrust(context, theirs);
  expect(output()).toContain('is not trusted here');
  await expect(removeTrust(context, fixture.installation)).rejects.toThrow('this very cluster');
  await expect(removeTrust(context, '../x')).rejects.toThrow('no id of an installation');
});

test('what is broken is refused with its field, and changes nothing', async () => {
  const authority = await TestAuthority.create(theirs);
  const good = importedConfigMap(authority.bundle(), operatorNamespace);
  const old = await TestAuthority.create(theirs, { notBefore: Date.now() - 2000, notAfter: Date.now() - 1000 });
  const cases: [unknown, RegExp][] = [
    ['', /must be one ConfigMap/],
    ['a: [', /trust\.yaml: /],
    [{ ...good, kind: 'Secret' }, /trust\.yaml: kind: /],
    [{ kind: 'ConfigMap' }, /trust\.yaml: data: /],
    [{ ...good, data: { ...good.data, installation: '' } }, /data\.installation: is missing/],
    [{ ...good, data: { ...good.data, 'ca.crt': 'x' } }, /data\.ca\.crt: has no certificate/],
    [{ ...good, data: { ...good.data, 'revoked.json': '{' } }, /data\.revoked\.json: is no JSON/],
    [importedConfigMap(old.bundle(), operatorNamespace), /data\.ca\.crt: every authority has expired/],
  ];
  for (const [content, message] of cases) {
    await expect(importTrust(context, await file(content), false)).rejects.toThrow(message);
  }
  await expect(importTrust(context, join(directory, 'none'), false)).rejects.toThrow(/--file: .*none/);
  expect(fixture.server.objects.has(theirPath)).toBe(false);
});

test('an older export with other authorities is refused, unless by force; one with the same is not', async () => {
  const [former, next] = await Promise.all([TestAuthority.create(theirs), TestAuthority.create(theirs)]);
  const at = (minute: number) => `2026-01-01T00:0${minute}:00.000Z`;
  const later = importedConfigMap(next.bundle(), operatorNamespace, at(2));
  const older = importedConfigMap(former.bundle(), operatorNamespace, at(1));
  const undated = importedConfigMap(former.bundle(), operatorNamespace);
  await importTrust(context, await file(later), false);
  const [going, coming] = [next, former].map(({ authority }) => new X509Certificate(authority.certificate));
  await expect(importTrust(context, await file(older), false)).rejects.toThrow(
    `was exported at ${at(1)}, what is trusted here at ${at(2)}: ${going?.fingerprint256} would not be trusted any more; ${coming?.fingerprint256} would be trusted`,
  );
  await expect(importTrust(context, await file(undated), false)).rejects.toThrow('does not say when it was exported');
  expect(fixture.server.objects.get(theirPath)).toMatchObject(later);
  await importTrust(context, await file(importedConfigMap(next.bundle(), operatorNamespace, at(1))), false);
  await importTrust(context, await file(older), true);
  expect(fixture.server.objects.get(theirPath)).toMatchObject(older);
});

test('an older export does not give back what a later one revoked', () => {
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const [node, dpu] = ['spiffe://b/host/n', 'spiffe://b/dpu/n'];
  const known = [
    { subject: node, before: at(10) },
    { subject: dpu, before: at(26 * 60) },
  ];
  expect(mergeRevocations([], known)).toEqual([known[0]]);
  const later = { subject: node, before: at(1) };
  expect(mergeRevocations([later], known)).toEqual([later]);
  expect(mergeRevocations([{ subject: node, before: at(20) }], known)).toEqual([known[0]]);
});

const publish = { activate: false, dropFormer: false };
const activate = { activate: true, dropFormer: false };

test('an authority is exchanged in two steps, each of which may be given twice', async () => {
  await expect(rotate(context, activate)).rejects.toThrow('publish it first: dpuctl trust rotate');
  await rotate(context, publish);
  expect(output()).toMatch(/^the next authority is published: [0-9A-F:]{95}\n/);
  const next = fixture.authorities()[1]?.fingerprint;
  await rotate(context, publish);
  expect(output()).toContain(`the next authority is published already: ${next}`);
  await rotate(context, activate);
  expect(output()).toMatch(new RegExp(`^the authority that signs now: ${next}\nthe former counts until `));
  expect(fixture.authorities().map(({ state }) => state)).toEqual(['active', 'retired']);
});

test('a former authority whose key is known goes at once, and what is exported has it no more', async () => {
  const [first] = fixture.authorities();
  await rotate(context, publish);
  await rotate(context, { activate: true, dropFormer: true });
  expect(output()).toContain(`the former does not count any more: ${first?.fingerprint}`);
  await exportTrust(context);
  const { authorities } = bundleFrom(parse(output()).data);
  expect(authorities).toHaveLength(1);
  expect(authorities[0]?.trim()).not.toBe(first?.certificate.trim());
  await rotate(context, { activate: false, dropFormer: true });
  expect(output()).toBe('no former authority counts');
});

test("somebody else's authority is not exchanged here", async () => {
  const { authority } = await TestAuthority.create('theirs');
  fixture.putSecret('theirs', { 'tls.crt': authority.certificate, 'tls.key': authority.key });
  fixture.putConfig({ caSecretName: 'theirs' });
  await vi.waitFor(() => expect(fixture.authorities()[0]?.secret).toBe('theirs'), 60_000);
  await expect(rotate(context, publish)).rejects.toThrow("the operator refused: Secret theirs is somebody else's");
});

test('a node is revoked by its name, and a name that is none is not', async () => {
  await revoke(context, 'host/node-1', { bar: false, force: false });
  const subject = `spiffe://${fixture.installation}/host/node-1`;
  expect(output()).toContain(`certificates of ${subject} from before 20`);
  expect(fixture.bundle().revoked.map((revocation) => revocation.subject)).toEqual([subject]);
  await expect(revoke(context, 'node-1', { bar: false, force: false })).rejects.toThrow('neither an identity');
  await expect(revoke(context, 'dpu/node-1', { bar: false, force: false })).rejects.toThrow(`known are ${subject}`);
  await revoke(context, 'dpu/node-1', { bar: false, force: true });
  await expect(revoke(context, `spiffe://${theirs}/host/n`, { bar: false, force: true })).rejects.toThrow(
    'revoke it where its certificates',
  );
  expect(fixture.bundle().revoked).toHaveLength(2);
});

test('a node that is barred gets no certificate until it is allowed, and other clusters need not know', async () => {
  await expect(allow(context, 'host/node-1')).rejects.toThrow('is not barred; barred are none');
  await revoke(context, 'host/node-1', { bar: true, force: false });
  expect(output()).toContain('until dpuctl trust allow');
  await fixture.request('barred', fixture.identity('node-1', 'd'), 'node-1');
  expect((await fixture.answer('barred')).conditions[0]).toMatchObject({ type: 'Denied', reason: 'Barred' });
  await exportTrust(context);
  expect(parse(output()).data['revoked.json']).not.toContain('barred');
  await allow(context, 'host/node-1');
  await fixture.request('allowed', fixture.identity('node-1', 'd'), 'node-1');
  expect((await fixture.answer('allowed')).certificate).toBeDefined();
});

test('the program reads its kubeconfig, says what it did, and says what is wrong', async () => {
  const kubeconfig = join(directory, 'kubeconfig');
  const access = {
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: fixture.server.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(kubeconfig, stringify({ apiVersion: 'v1', kind: 'Config', ...access }));
  const exported = await run('--kubeconfig', kubeconfig, 'trust', 'export');
  expect(exported).toMatchObject({ code: 0, stderr: '' });
  expect(parse(exported.stdout).data.installation).toBe(fixture.installation);
  const wrong = await run('--kubeconfig', kubeconfig, '--context', 'there', 'trust', 'list');
  expect(wrong).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: --context: the kubeconfig has no context there; it has here\n',
  });
  const elsewhere = await run('--kubeconfig', kubeconfig, '-n', 'default', 'trust', 'list');
  expect(elsewhere.stderr).toMatch(/^error: namespace default has no ConfigMap dpu-channel-trust: /);
  const help = await run('trust', '--help');
  for (const command of ['export', 'import', 'list', 'rotate', 'revoke', 'remove', '--context'])
    expect(help.stdout).toContain(command);
});

async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, '../main.ts');
  const child = spawn(process.execPath, ['--conditions=source', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
