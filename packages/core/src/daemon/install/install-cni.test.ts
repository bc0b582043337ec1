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

test('a program of several pieces is copied whole, and one that differs only at its end is another', async () => {
  const { source, directory, target } = place();
  const program = Buffer.alloc(9 * 1024 * 1024 + 7, 'program');
  writeFileSync(source, program);
  await installCni({ source, directory });
  expect(readFileSync(target).equals(program)).toBe(true);
  expect(await installCni({ source, directory })).toBe(false);
  program[program.length - 1] = 0;
  writeFileSync(source, program);
  expect(await uninstallCni({ source, directory })).toBe(false);
  expect(await installCni({ source, directory })).toBe(true);
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
