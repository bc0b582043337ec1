import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { aliveVariable, livenessProbe } from './vsp-probe.ts';

const file = join(mkdtempSync(join(tmpdir(), 'probe-')), 'alive');
const [shell = '', ...args] = livenessProbe.exec.command.map((arg) => arg.replaceAll(aliveVariable.value, file));

async function exitCode(): Promise<number | undefined> {
  return (await execa(shell, args, { reject: false })).exitCode;
}

test('a VSP lives while its file is young, and where none was made', async () => {
  expect(await exitCode()).toBe(0);
  writeFileSync(file, '');
  expect(await exitCode()).toBe(0);
  const old = Date.now() / 1000 - 60;
  utimesSync(file, old, old);
  expect(await exitCode()).toBe(1);
});
