/**
 * What `make docs` would stumble over, and what it would not see, at a tenth of its time: the site's own Markdown, by the
 * site's own configuration, without colours and bundles.
 */
import { existsSync, globSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dirname, normalize } from 'node:path/posix';
import { pathToFileURL } from 'node:url';
import { createMarkdownRenderer, type DefaultTheme, type MarkdownRenderer, type UserConfig } from 'vitepress';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../test/cluster/paths.ts';
import { writeSource } from './source.ts';

// In the repository, where the configuration finds what it imports.
const site = join(repositoryRoot, `.build/docs-test-${process.pid}`);
let config: UserConfig<DefaultTheme.Config>;
/** HTML by the path of its Markdown. */
const pages = new Map<string, string>();

beforeAll(async () => {
  await writeSource(site, '# Commands', undefined);
  ({ default: config } = await import(pathToFileURL(join(site, '.vitepress/config.ts')).href));
  const markdown: MarkdownRenderer = await createMarkdownRenderer(site, {
    ...config.markdown,
    highlight: (code) => code,
  });
  for (const path of globSync('**/*.md', { cwd: site })) {
    pages.set(
      path,
      markdown.render(await readFile(join(site, path), 'utf8'), { relativePath: path, cleanUrls: false }),
    );
  }
});
afterAll(() => rm(site, { recursive: true }));

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

/** Path of the page that a link of the site leads to, and the heading. */
function targetOf(page: string, link: string): [path: string, heading: string | undefined] {
  const [path = '', heading] = decodeURI(link).split('#');
  if (path === '') return [page, heading];
  const below = path.startsWith('/') ? path.slice(1) : normalize(join(dirname(page), path));
  return [`${below.replace(/\.html$/, '').replace(/\/$|^$/, '$&index')}.md`, heading];
}

function leads(page: string, link: string): boolean {
  const [path, heading] = targetOf(page, link);
  const html = pages.get(path);
  return html !== undefined && (heading === undefined || matches(html, / id="([^"]+)"/g).includes(heading));
}

test('each link leads to a page, and to a heading that it has there', () => {
  const links = [...pages].flatMap(([page, html]) =>
    matches(html, /<a href="([^"]+)"(?! target)/g).map((link) => ({ page, link })),
  );
  const inside = links.filter(({ link }) => !/^[a-z]+:/.test(link));
  expect(inside.length).toBeGreaterThan(100);
  expect(inside.filter(({ page, link }) => !leads(page, link))).toEqual([]);
});

test('each picture is there', () => {
  const pictures = [...pages].flatMap(([page, html]) =>
    matches(html, /<img src="([^"]+)"/g).map((source) => join(dirname(page), source)),
  );
  expect(pictures).not.toEqual([]);
  expect(pictures.filter((path) => !existsSync(join(site, path)))).toEqual([]);
});

test('each door, and each page behind it, leads to a page', async () => {
  const linked = ({ link, items = [] }: DefaultTheme.SidebarItem): string[] =>
    [link ?? [], ...items.map(linked)].flat(3);
  const { sidebar, nav = [] } = config.themeConfig ?? {};
  const home = matches(await readFile(join(site, 'index.md'), 'utf8'), /link: (\S+)/g);
  const links = [
    ...(sidebar as DefaultTheme.SidebarItem[]).flatMap(linked),
    ...matches(JSON.stringify(nav), /"link":"([^"]+)"/g),
    ...home,
  ];
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((link) => !leads('index.md', link))).toEqual([]);
});

test('no page has what Vue takes for code', () => {
  const shown = (html: string) => html.replaceAll(/<(code|pre|div) v-pre[^>]*>[\s\S]*?<\/\1>/g, '');
  expect([...pages].filter(([, html]) => shown(html).includes('{{')).map(([page]) => page)).toEqual([]);
});
