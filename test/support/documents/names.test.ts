/** What people read names what there is: targets of make, paths, fields, flags, labels, and names that stand in the code. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { repositoryRoot } from '../../cluster/paths.ts';

/** Of other programs, or of a reader's own. */
const others = [
  /^(nodejs|process|dpu_vsp_process|dpu_vsp_acme)_/,
  /^(nr_hugepages|octep_cp_agent|hugepages_1G_request_)$/,
  /^(tls_config|insecure_skip_verify|credentials_file|renewBefore|rotationPolicy)$/,
  /^(PCIDEVICE_OPENSHIFT_IO_DPUNETWORK_BLUE|AcmeSwitch)$/,
];

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8');
const files = execFileSync('git', ['ls-files'], { cwd: repositoryRoot, encoding: 'utf8' }).trim().split('\n');
const directories = new Set(files.flatMap((file) => parents(file)));
const code = files
  .filter((file) => !/\.(md|svg|bin)$|^pnpm-lock/.test(file) && file !== 'test/support/documents/names.test.ts')
  .map(read)
  .join('\n');
const words = new Set(code.match(/\w+/g));

function parents(path: string): string[] {
  const above = dirname(path);
  return above === '.' ? [] : [above, ...parents(above)];
}

/** By document: what stands in its text as code. Blocks of commands are run by tests. */
const spans = files
  .filter((file) => file.endsWith('.md') && !file.startsWith('.changeset/'))
  .flatMap((document) => {
    const prose = read(document).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
    return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => ({ document, span }));
  });

/** What a pattern finds in all of them, but for what is there. */
function missing(pattern: RegExp, isThere: (name: string) => boolean, of = spans): string[] {
  const named = of.flatMap(({ document, span }) =>
    [...span.matchAll(pattern)].map(([, name = '']) => ({ document, name })),
  );
  expect(named.length).toBeGreaterThan(10);
  return named.filter(({ name }) => !isThere(name)).map(({ document, name }) => `${document}: ${name}`);
}

test('targets of make', () => {
  const targets = new Set([...read('Makefile').matchAll(/^([a-z][\w-]*):/gm)].map(([, name]) => name));
  expect(missing(/^make ([\w-]+)/g, (name) => targets.has(name))).toEqual([]);
});

test('tests that are to be run', () => {
  const tests = files.filter((file) => file.endsWith('.test.ts'));
  const texts = files
    .filter((file) => /\.md$|^Makefile$/.test(file))
    .map((document) => ({ document, span: read(document) }));
  expect(missing(/\bT="?([\w/.-]+)/g, (part) => tests.some((file) => file.includes(part)), texts)).toEqual([]);
});

test('paths', () => {
  const ofPlugins = 'test/machine.json';
  const isThere = (path: string) =>
    files.includes(path) || directories.has(path.replace(/\/$/, '')) || path === ofPlugins;
  const path = /^((?:packages|test|scripts|docs|examples|charts|config|images|bundle)\/[\w./-]+)$/g;
  expect(missing(path, (name) => name.includes('/dist') || isThere(name))).toEqual([]);
});

test('names in the code', () => {
  const name = /(?<![\w-])([A-Za-z]\w*(?:[a-z][A-Z]|_)\w*)/g;
  expect(missing(name, (found) => words.has(found) || others.some((pattern) => pattern.test(found)))).toEqual([]);
});

test('files of ours in comments', () => {
  const comment = /^\s*(?:\/\*\*|\*|\/\/)(.*)$|\s\/\/ (.*)$/gm;
  const comments = files
    .filter((file) => file.endsWith('.ts') && !file.includes('/generated/'))
    .flatMap((document) =>
      [...read(document).matchAll(comment)].map(([, span, behind]) => ({ document, span: span ?? behind ?? '' })),
    );
  const paths = files.map((file) => `/${file}`);
  const isThere = (name: string) => paths.some((path) => path.endsWith(`/${name}`));
  expect(missing(/(?<![\w./@*-])((?:[\w-]+\/)*[\w-]+(?:\.test)?\.ts)\b/g, isThere, comments)).toEqual([]);
});

test('labels, annotations and resources', () => {
  const isThere = (name: string) => code.includes(name.replace(/^requests\./, ''));
  expect(missing(/((?:[\w-]+\.)*openshift\.io\/[\w-]+)/g, isThere)).toEqual([]);
});

test('flags of commands', () => {
  // Of kubectl and Helm.
  const ofOthers = ['--show-labels', '--take-ownership', '--values', '--reuse-values', '--reset-then-reuse-values'];
  expect(missing(/(?<![\w-])(--[a-z][a-z-]+)/g, (flag) => code.includes(flag) || ofOthers.includes(flag))).toEqual([]);
});

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

const kinds: Schema[] = globSync('config/crd/*.yaml', { cwd: repositoryRoot }).flatMap((path) =>
  (parse(read(path)).spec?.versions ?? []).map(
    (version: { schema: { openAPIV3Schema: Schema } }) => version.schema.openAPIV3Schema,
  ),
);

function has(schema: Schema | undefined, [field, ...below]: string[]): boolean {
  if (!schema) return false;
  if (field === undefined || schema['x-kubernetes-preserve-unknown-fields']) return true;
  if (schema.items) return has(schema.items, [field, ...below]);
  if (typeof schema.additionalProperties === 'object') return has(schema.additionalProperties, below);
  return has(schema.properties?.[field], below);
}

test('fields of the kinds', () => {
  expect(kinds.length).toBeGreaterThan(4);
  // Those of messages have the same names.
  const ofKinds = spans.filter(({ document }) => !/^packages\/sdk\/docs\/(contract|reference)\//.test(document));
  const field = /(?<![\w./-])((?:spec|status)(?:\.[a-z]\w*)+)(?!\()/g;
  expect(missing(field, (name) => kinds.some((kind) => has(kind, name.split('.'))), ofKinds)).toEqual([]);
});
