import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connectStore } from './connect.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'connect-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

test.each([
  ['is not there', undefined, 'ENOENT'],
  ['is empty', '', 'input is empty'],
  ['is no YAML', '{{', 'unexpected end'],
])('a kubeconfig that %s is named, in one line', (_, content, why) => {
  const file = join(directory, 'kubeconfig');
  if (content !== undefined) writeFileSync(file, content);
  const message = expect.stringMatching(new RegExp(`^${file} is no kubeconfig: .*${why}.*$`));
  expect(() => connectStore({ kubeconfig: file })).toThrow(expect.objectContaining({ message }));
  vi.stubEnv('KUBECONFIG', file);
  expect(() => connectStore()).toThrow(expect.objectContaining({ message }));
});

test('without a kubeconfig no server is guessed', () => {
  for (const name of ['KUBECONFIG', 'KUBERNETES_SERVICE_HOST']) vi.stubEnv(name, '');
  vi.stubEnv('HOME', directory);
  expect(() => connectStore()).toThrow('there is no kubeconfig: set KUBECONFIG');
});
