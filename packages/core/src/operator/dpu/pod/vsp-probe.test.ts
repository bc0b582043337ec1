import { once } from 'node:events';
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { vspSocketMount, vspSocketName } from '../../../api/names/paths.ts';
import { aliveVariable, livenessProbe, startupProbe } from './vsp-probe.ts';

const directory = mkdtempSync(join(tmpdir(), 'probe-'));
const file = join(directory, 'alive');

async function exitCode(probe: { exec: { command: string[] } } = livenessProbe): Promise<number | undefined> {
  const [shell = '', ...args] = probe.exec.command.map((arg) =>
    arg.replaceAll(aliveVariable.value, file).replaceAll(vspSocketMount, directory),
  );
  return (await execa(shell, args, { reject: false })).exitCode;
}

test('a VSP has started once its socket is there', async () => {
  expect(await exitCode(startupProbe)).toBe(1);
  const server = createServer().listen(join(directory, vspSocketName));
  await once(server, 'listening');
  expect(await exitCode(startupProbe)).toBe(0);
  server.close();
});

test('a VSP lives while its file is young, and where none was made', async () => {
  expect(await exitCode()).toBe(0);
  writeFileSync(file, '');
  expect(await exitCode()).toBe(0);
  const old = Date.now() / 1000 - 60;
  utimesSync(file, old, old);
  expect(await exitCode()).toBe(1);
});
