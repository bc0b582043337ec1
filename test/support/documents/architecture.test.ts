/** What ARCHITECTURE.md and CONTRIBUTING.md say is so: the files that they name are there, and the tables of imports are the rules. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../cluster/paths.ts';

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const text = textOf('ARCHITECTURE.md');
const paths = /`((?:packages|examples|test|scripts|docs|config)\/[\w./-]+)`/g;

/** By folder: those that it may import. */
const rules = new Map(
  [...text.matchAll(/^\| `([^`]+)` +\|(.*)\|$/gm)]
    .filter(([, , cell = '']) => /^( `[^` ]+`,?)* +$/.test(cell))
    .map(([, folder = '', cell = '']): [string, string[]] => [
      folder,
      [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
    ]),
);
const core = 'packages/core/src/';

/** Which of the folders of the tables has a file, in the core and beside it. */
const packageOf = (file: string): string => file.split('/').slice(0, 2).join('/');
const coreFolderOf = (file: string): string | undefined =>
  file.startsWith(core) && file.slice(core.length).includes('/') ? file.split('/').slice(0, 4).join('/') : undefined;

function imports(file: string): string[] {
  const source = readFileSync(join(repositoryRoot, file), 'utf8');
  const specifiers = source.matchAll(/^(?:import|export)\b[^'";]*?'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...specifiers].flatMap(([, fixed, late]) => {
    const specifier = fixed ?? late ?? '';
    if (specifier.startsWith('.')) return join(dirname(file), specifier);
    const [, name] = /^@dpu-operator\/([^/]+)/.exec(specifier) ?? [];
    return name === undefined ? [] : `packages/${name}/`;
  });
}

const sources = globSync('{packages,examples}/*/src/**/*.ts', { cwd: repositoryRoot })
  .filter((file) => !/\.test\.ts$|\/testing[./]|\/generated\/|fake-api-server/.test(file))
  .sort();

test.each([
  ['ARCHITECTURE.md', 80],
  ['CONTRIBUTING.md', 20],
])('each path that %s names is there', (document, atLeast) => {
  const named = [...textOf(document).matchAll(paths)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(atLeast);
  expect(named.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
});

test('every package and every folder of the core has its rule', () => {
  const folders = sources.flatMap((file) => [packageOf(file), coreFolderOf(file) ?? []].flat());
  expect([...rules.keys()].sort()).toEqual([...new Set(folders)].sort());
});

test('nothing is imported that the tables do not name', () => {
  expect(sources.length).toBeGreaterThan(500);
  expect(sources.flatMap(forbidden)).toEqual([]);
});

test('each import that the tables allow is made', () => {
  const made = new Set(
    sources.flatMap((file) =>
      imports(file).flatMap((target) => [
        `${packageOf(file)} ${packageOf(target)}`,
        `${coreFolderOf(file)} ${coreFolderOf(target)}`,
      ]),
    ),
  );
  const allowed = [...rules].flatMap(([folder, targets]) => targets.map((target) => `${folder} ${target}`));
  expect(allowed.filter((pair) => !made.has(pair))).toEqual([]);
});

function forbidden(file: string): string[] {
  return imports(file).flatMap((target) => {
    const pairs: [string | undefined, string | undefined][] = [
      [packageOf(file), packageOf(target)],
      [coreFolderOf(file), coreFolderOf(target)],
    ];
    return pairs.flatMap(([from, to]) => {
      if (from === undefined || to === undefined || from === to || rules.get(from)?.includes(to)) return [];
      return `${file} imports ${target}`;
    });
  });
}
