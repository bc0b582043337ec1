import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installCni, uninstallCni } from './install-cni.ts';

function place() {
  const root = mkdtempSync(join(tmpdir(), 'install-'));
  const source = join(root, 'program');
  writeFileSync(source, 'one', { mode: 0o600 });
  return { source, directory: join(root, 'bin'), target: join(root, 'bin', 'dpu-cni') };
}

test('installs, replaces an older one, and writes nothing when it is there', async () => {
  const { source, directory, target } = place();
  expect(await installCni({ source, directory })).toBe(true);
  expect(statSync(target).mode & 0o777).toBe(0o755);
  const { ino } = statSync(target);
  expect(await installCni({ source, directory })).toBe(false);
  expect(statSync(target).ino).toBe(ino);
  writeFileSync(source, 'two');
  expect(await installCni({ source, directory })).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('two');
});

test('removes what a killed installation left', async () => {
  const { source, directory } = place();
  await installCni({ source, directory });
  writeFileSync(join(directory, '.dpu-cni.77.draft'), 'part');
  await installCni({ source, directory });
  expect(readdirSync(directory)).toEqual(['dpu-cni']);
});

test('uninstalls only what it installed', async () => {
  const { source, directory, target } = place();
  await installCni({ source, directory });
  writeFileSync(target, 'own');
  expect(await uninstallCni({ source, directory })).toBe(false);
  expect(existsSync(target)).toBe(true);
  await installCni({ source, directory });
  expect(await uninstallCni({ source, directory })).toBe(true);
  expect(await uninstallCni({ source, directory })).toBe(false);
  expect(readdirSync(directory)).toEqual([]);
});
