import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const root = await mkdtemp(join(tmpdir(), 'dpu-subnet-'));
beforeAll(() => {
  vi.stubEnv('XDG_CACHE_HOME', root);
  // Modules look at it when they are loaded, and another file's tests may have loaded them.
  vi.resetModules();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  vi.resetModules();
  await rm(root, { recursive: true });
});

it('gives clusters that are made at once different ranges, each keeps its own, and a deleted one frees its', async () => {
  const { podSubnet } = await import('./subnet.ts');
  const clusters = join(root, 'clusters');
  const subnets = (...names: string[]) => Promise.all(names.map((name) => podSubnet(() => {}, clusters, name)));
  const [a, b, c] = await subnets('a', 'b', 'c');
  expect([a, b, c].sort()).toEqual(['10.241.0.0/16', '10.242.0.0/16', '10.243.0.0/16']);
  expect(await subnets('a', 'b', 'c')).toEqual([a, b, c]);
  await rm(join(clusters, 'b'), { recursive: true });
  expect(await subnets('d')).toEqual([b]);
});
