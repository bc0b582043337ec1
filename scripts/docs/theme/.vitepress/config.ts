import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DefaultTheme, defineConfig } from 'vitepress';

const source = join(import.meta.dirname, '..');

/** The pages of a folder, by their own titles. */
function pagesOf(folder: string): DefaultTheme.SidebarItem[] {
  return globSync(`${folder}/*.md`, { cwd: source })
    .sort()
    .map((path) => page(path));
}

function page(path: string): DefaultTheme.SidebarItem {
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(source, path), 'utf8')) ?? [];
  return { text: (title ?? path).replaceAll('`', ''), link: `/${path.replace(/\.md$/, '')}` };
}

function door(text: string, items: DefaultTheme.SidebarItem[]): DefaultTheme.SidebarItem {
  return { text, items, collapsed: false };
}

const use = door('Use it', ['README.md', 'docs/networks.md', 'docs/chains.md', 'docs/injector.md'].map(page));
const run = door('Run it', [
  ...['install', 'commands', 'trust', 'upgrade', 'migrate', 'remove'].map((name) => page(`docs/${name}.md`)),
  ...['rights', 'threat-model'].map((name) => page(`docs/${name}.md`)),
  { text: 'Cards', items: [...pagesOf('docs/cards'), page('docs/test-cards.md')], collapsed: true },
]);
const write = door('Write a plugin', [
  page('packages/sdk/docs/tutorial.md'),
  { text: 'Guides', items: pagesOf('packages/sdk/docs/guides'), collapsed: true },
  { text: 'Contract', items: pagesOf('packages/sdk/docs/contract/v1'), collapsed: true },
  page('examples/vsp-acme/README.md'),
]);
const reference = door('Reference', [
  page('docs/reference/kinds.md'),
  page('docs/reference/cli.md'),
  page('docs/metrics.md'),
  page('docs/scale.md'),
  { text: 'SDK', items: pagesOf('packages/sdk/docs/reference'), collapsed: true },
]);
const change = door('Change the code', [
  ...['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'].map(page),
  { text: 'Decisions', items: pagesOf('docs/decisions'), collapsed: true },
]);
const doors = [use, run, write, reference, change];
const listed = doors.flatMap(({ items = [] }) =>
  items.flatMap(({ link, items: below = [] }) => [link, ...below.map((one) => one.link)]),
);
// A guide that nobody has put behind a door is about running it.
run.items?.push(...pagesOf('docs').filter(({ link }) => !listed.includes(link)));

export default defineConfig({
  title: 'DPU operator',
  description: 'DPUs in Kubernetes, and plugins for them',
  base: process.env.DOCS_BASE || '/',
  // Text such as <node> is text.
  markdown: { html: false } as never,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: doors,
    nav: doors.map(({ text = '', items = [] }) => ({ text, link: items[0]?.link ?? '/' })),
  },
});
