/** Reference documentation in Markdown from what API Extractor finds in an entry of the package. */
import { z } from 'zod';

const itemSchema = z.object({
  kind: z.string(),
  name: z.string().default(''),
  docComment: z.string().default(''),
  excerptTokens: z.array(z.object({ text: z.string() })).default([]),
  get members() {
    return z.array(itemSchema).default([]);
  },
});

type Item = z.infer<typeof itemSchema>;

const modelSchema = z.object({ members: z.tuple([itemSchema]) });

/**
 * @param entry As it is imported, e.g. `@dpu-operator/sdk/client`.
 * @param intro What the entry is for.
 * @param model Content of its .api.json.
 */
export function referencePage(entry: string, intro: string, model: unknown): string {
  const { members } = modelSchema.parse(model).members[0];
  return `${[`# ${entry}`, intro, ...members.flatMap(section)].join('\n\n')}\n`;
}

/** Text of the comment that a module begins with. */
export function introOf(source: string): string {
  return parseComment(/^\/\*\*[\s\S]*?\*\//.exec(source)?.[0] ?? '').text;
}

function section(item: Item): string[] {
  const { text, tags } = parseComment(item.docComment);
  const declared = declaration(item);
  // The heading and the members below tell as much.
  const isBare = declared === `${item.kind.toLowerCase()} ${item.name}`;
  const code = isBare ? '' : ['```ts', declared, '```'].join('\n');
  const members = item.members.map(memberLine).join('\n');
  return [`## ${item.name}`, text, code, tagLines(tags).join('\n'), members, ...examples(tags)].filter(Boolean);
}

function memberLine(item: Item): string {
  const { text, tags } = parseComment(item.docComment);
  const body = [text.replaceAll('\n\n', '\n'), ...tagLines(tags)].filter(Boolean).join('\n');
  const head = `- \`${declaration(item).replace(/\s+/g, ' ')}\``;
  return body === '' ? head : `${head}\n${body.replace(/^/gm, '  ')}`;
}

function declaration({ excerptTokens }: Item): string {
  return excerptTokens
    .map(({ text }) => text)
    .join('')
    .replace(/^export (declare )?/, '')
    .trim();
}

interface Comment {
  text: string;
  tags: { name: string; text: string }[];
}

function parseComment(comment: string): Comment {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/\s*$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const [text = '', ...blocks] = lines.join('\n').split(/^@(?=[a-z])/m);
  const tags = blocks.map((block) => {
    const [, name = '', rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(block) ?? [];
    return { name, text: name === 'example' ? rest.trim() : unlinked(rest) };
  });
  return { text: unlinked(text), tags };
}

function unlinked(text: string): string {
  return text.replace(/\{@link ([^}]+)\}/g, '`$1`').trim();
}

function tagLines(tags: Comment['tags']): string[] {
  return tags.flatMap(({ name, text }) => {
    if (name === 'throws') return [`Throws ${text}`];
    if (name === 'returns') return [`Returns ${text}`];
    if (name !== 'param') return [];
    const [, parameter, meaning] = /^(\S+)\s+(?:- )?([\s\S]*)$/.exec(text) ?? [];
    return parameter && meaning ? [`\`${parameter}\`: ${meaning}`] : [];
  });
}

function examples(tags: Comment['tags']): string[] {
  return tags.flatMap(({ name, text }) => (name === 'example' ? [['```ts', text, '```'].join('\n')] : []));
}
