import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readmeCommands } from './readme.ts';

it('every make target that the README names exists', async () => {
  const named = [...(await readFile('README.md', 'utf8')).matchAll(/\bmake ([a-z][a-z0-9-]*)/g)].map(
    ([, target]) => target,
  );
  expect(named).toEqual(expect.arrayContaining(['demo', 'test']));
  const makefile = await readFile('Makefile', 'utf8');
  for (const target of named) expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
});

it('reads the commands under one heading only', async () => {
  expect(await readmeCommands('Two commands')).toEqual(['make demo', 'make test']);
});

it('names the heading that is missing', async () => {
  await expect(readmeCommands('Nowhere')).rejects.toThrow('"Nowhere"');
});
