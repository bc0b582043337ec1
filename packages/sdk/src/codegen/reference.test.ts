import { expect, test } from 'vitest';
import { introOf, referencePage } from './reference.ts';

const token = (text: string) => ({ kind: 'Content', text });

test('a page has each item with its declaration, members and the words of its comment', () => {
  const member = {
    kind: 'Method',
    name: 'open',
    docComment: '/**\n * Opens {@link Card.port}.\n *\n * @param name - `{id}`\n * @throws DpuError NOT_FOUND\n */\n',
    excerptTokens: [token('open(name: '), token('string'), token('): void;')],
  };
  const card = {
    kind: 'Class',
    name: 'Card',
    docComment: '/**\n * A card.\n *\n * @example\n * await card.open("p0");\n */\n',
    excerptTokens: [token('export declare class Card ')],
    members: [member, { kind: 'Property', name: 'id', excerptTokens: [token('id: string;')] }],
  };
  const side = { kind: 'TypeAlias', name: 'Side', excerptTokens: [token("export type Side = 'host';")] };
  const model = { members: [{ kind: 'EntryPoint', name: '', members: [card, side] }] };
  expect(referencePage('@acme/sdk', 'For tests.', model)).toBe(`# @acme/sdk

For tests.

## Card

A card.

- \`open(name: string): void;\`
  Opens \`Card.port\`.
  \`name\`: \`{id}\`
  Throws DpuError NOT_FOUND
- \`id: string;\`

\`\`\`ts
await card.open("p0");
\`\`\`

## Side

\`\`\`ts
type Side = 'host';
\`\`\`
`);
});

test('what a module is for is its first comment', () => {
  expect(introOf('/** Two\n * lines. */\nexport {};\n/** other */')).toBe('Two\nlines.');
  expect(introOf("import x from 'x';\n/** other */")).toBe('');
});
