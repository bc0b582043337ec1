import { expect, test } from 'vitest';
import { linksOfSite } from './links.ts';

const files = ['README.md', 'docs/chains.md', 'docs/cards/marvell.md', 'docs/demo.svg'];
const inSite = (text: string, repository?: string) => linksOfSite(text, 'docs/chains.md', files, repository);

test('links to pages, to their headings, and to other sites stay', () => {
  const text = '[a](../README.md#use-it) [b](cards/marvell.md) [c](#here) [d](https://example.com/x) ![e](demo.svg)';
  expect(inSite(text)).toBe(text);
});

test('a file that is no page is linked where the repository is, or not at all', () => {
  const text = 'see [the pod](../examples/my-pod.yaml)';
  expect(inSite(text, 'https://example.com/r')).toBe(
    'see [the pod](https://example.com/r/blob/main/examples/my-pod.yaml)',
  );
  expect(inSite(text)).toBe('see the pod');
});
