import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataProcessingUnit } from '../../../packages/core/src/api/kinds/data-processing-unit.ts';
import { repositoryRoot } from '../../../test/cluster/paths.ts';
import { terminalSvg } from './terminal-svg.ts';

test('lines appear in their time, as wide as their columns, whatever is in them', () => {
  const svg = terminalSvg('A session', [
    { atMs: 0, kind: 'command', text: '$ cat <a&b>' },
    { atMs: 1250, kind: 'output', text: 'A    B' },
    { atMs: 1250, kind: 'output', text: '' },
  ]);
  expect(svg).toContain('viewBox="0 0 125 92"');
  expect(svg).toMatch(/class="command".*animation-delay:0\.00s.*>\$ cat &lt;a&amp;b&gt;<\/text>/);
  expect(svg).toMatch(/textLength="50.4" style="animation-delay:1\.25s".*>A {4}B<\/text>/);
  expect(svg.match(/<text/g)).toHaveLength(2);
});

test('the picture of README.md shows the columns that kubectl prints', () => {
  const svg = readFileSync(join(repositoryRoot, 'docs/demo.svg'), 'utf8');
  const [, head = ''] = />(NAME .* DPU SIDE .*?)<\/text>/.exec(svg) ?? [];
  expect(head.split(/ {2,}/)).toEqual([
    'NAME',
    ...dataProcessingUnit.columns.filter(({ priority = 0 }) => priority === 0).map(({ name }) => name.toUpperCase()),
  ]);
});
