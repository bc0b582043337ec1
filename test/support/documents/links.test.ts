/** Links in what people read lead somewhere. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const ignored = (name: string) => ['node_modules', 'dist'].includes(name);
const documents = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'packages/**/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: root, exclude: ignored }),
);
/** A package's own documents are read without the rest of the repository. */
const published = ['packages/sdk/README.md', 'packages/sdk/docs/', 'packages/create-plugin/'];

interface Link {
  document: string;
  target: string;
}

const links: Link[] = documents.flatMap((document) => {
  const prose = textOf(document).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ document, target }));
});
const relative = links.filter(({ target }) => !/^[a-z]+:/.test(target));

test('each link leads to a file, and to a heading that it has', () => {
  expect(relative.length).toBeGreaterThan(50);
  expect(relative.filter((link) => !leads(link))).toEqual([]);
});

test('what is published has no link out of its package', () => {
  const inside = relative.filter(({ document }) => published.some((place) => document.startsWith(place)));
  const out = inside.filter((link) => {
    const home = link.document.split('/').slice(0, 2).join('/');
    return !pathOf(link).startsWith(`${home}/`);
  });
  expect(out).toEqual([]);
});

test('the README leads to each document of docs', () => {
  const linked = relative.filter(({ document }) => document === 'README.md').map(pathOf);
  expect(linked).toEqual(expect.arrayContaining(globSync('docs/*.md', { cwd: root })));
});

function leads(link: Link): boolean {
  const path = pathOf(link);
  const [, anchor] = link.target.split('#');
  if (!existsSync(join(root, path))) return false;
  return anchor === undefined || anchorsOf(path).includes(anchor);
}

function pathOf({ document, target }: Link): string {
  const [path = ''] = target.split('#');
  return path === '' ? document : normalize(join(dirname(document), path));
}

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  return [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
