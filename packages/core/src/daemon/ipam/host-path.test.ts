import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveIn } from './host-path.ts';

const root = mkdtempSync(join(tmpdir(), 'root-'));
mkdirSync(join(root, 'data/v1/bin'), { recursive: true });
mkdirSync(join(root, 'opt'));
writeFileSync(join(root, 'data/v1/bin/cni'), '');
// As on K3s: an absolute link to the version, a relative one to the program of many names.
symlinkSync('/data/v1', join(root, 'data/current'));
symlinkSync('cni', join(root, 'data/v1/bin/host-local'));
symlinkSync('../../../../data/current/bin', join(root, 'opt/bin'));
symlinkSync('/loop', join(root, 'loop'));

test.each(['/data/current/bin/host-local', '/opt/bin/host-local', '/../data/v1/bin/cni'])(
  '%s leads to the file inside of the root',
  async (path) => {
    expect(await resolveIn(root, path)).toBe(join(root, 'data/v1/bin/cni'));
  },
);

test('what is not there has a path all the same; a loop has none', async () => {
  expect(await resolveIn(root, '/opt/bin/no/such')).toBe(join(root, 'data/v1/bin/no/such'));
  await expect(resolveIn(root, '/loop/x')).rejects.toThrow('links');
});
