/** What the conformance suite sees of network devices themselves, of plugins that mistreat them: needs root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, it } from 'vitest';

const netns = 'conformance-links';
const dpuVsp = join(import.meta.dirname, '../../../packages/sdk/dist/bundle/dpu-vsp.mjs');
const minutes = 60_000;
let directory: string;

/** Its devices are pairs of veth; each of its bridge ports has a device of its own. */
const plugin = `
const name = (index) => 'cflink' + index;
export default {
  create: async ({ dpu, platform, settings: { fault } }) => {
    const { exec, links } = platform;
    const apply = (wanted, call) =>
      applyEach(call, async ({ kind, name, before, after }) => {
        const port = 'cfport' + name.split('-').at(-1);
        if (kind !== 'bridgePort') return;
        if (after && !before) await exec('ip', ['link', 'add', port, 'type', 'bridge']);
        if (!after && fault !== 'leaves the devices of its ports behind') await exec('ip', ['link', 'del', port]);
      });
    const here = async () => new Set((await links.list()).map((link) => link.name));
    const add = (index) => exec('ip', ['link', 'add', name(index), 'type', 'veth', 'peer', 'name', 'cfpeer' + index]);
    const remove = (index) => exec('ip', ['link', 'del', name(index)]);
    const indexes = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, each) => from + each);
    let count = 0;
    while ((await here()).has(name(count))) count++;
    if (count === 0) for (const index of indexes(0, 2)) await add(index).then(() => count++);
    const anew = async (index) => {
      if ((await here()).has(name(index))) await remove(index);
      if (fault === 'takes devices from pods') {
        const { stdout } = await exec('ip', ['netns', 'list']);
        const borrowers = stdout.split('\\n').map((line) => line.split(' ')[0]).filter((each) => each.startsWith('dpu-conformance-'));
        for (const each of borrowers) await exec('ip', ['-n', each, 'link', 'del', name(index)], { allowFailure: true });
      }
      await add(index);
    };
    const setNumVfs = async (wanted) => {
      const there = await here();
      const inUse = indexes(wanted, count).find((index) => !there.has(name(index)));
      const looks = fault !== 'does not look whether a pod has a device';
      if (looks && inUse !== undefined) throw new DpuError('FAILED_PRECONDITION', name(inUse) + ' is in use');
      const isGrowth = wanted > count;
      const keeps = fault === 'leaves network devices behind' && wanted === 0;
      if (!keeps) for (const index of indexes(wanted, count)) if (there.has(name(index))) await remove(index);
      for (const index of indexes(count, wanted)) if (!there.has(name(index))) await add(index);
      const old = indexes(0, Math.min(count, wanted));
      if (fault === 'makes devices anew to have more' && isGrowth) for (const index of old) if (there.has(name(index))) await anew(index);
      if (fault === 'takes devices from pods' && isGrowth) for (const index of old) await anew(index);
      if (fault === 'makes devices anew for the same number' && wanted === count) for (const index of old) await anew(index);
      count = wanted;
      return count;
    };
    return {
      address: { ip: '127.0.0.1', port: 50151 },
      limits: { maxVfs: 8 },
      getDevices: async () => {
        const there = await here();
        const listed = indexes(0, count).filter((index) => fault !== 'lists the devices of its node' || there.has(name(index)));
        return listed.map((index) => ({ id: name(index), healthy: true }));
      },
      setNumVfs,
      close: async () => {
        if (fault === 'takes its devices away at its end') for (const index of indexes(0, count)) await remove(index);
      },
      ...(dpu.side === 'dpu' && { dataPath: { serves: ['bridge'], apply } }),
    };
  },
};
`;
const preamble = `import { applyEach, DpuError } from ${JSON.stringify(join(import.meta.dirname, '../../../packages/sdk/dist/index.js'))};\n`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'conformance-links-'));
  await exec('ip', ['netns', 'del', netns], { allowFailure: true });
  await exec('ip', ['netns', 'add', netns]);
  const side = { detect: { dmiProductContains: 'none' }, identifier: 'links-{node}' };
  const manifest = {
    contract: '^1.1.0',
    hostApi: '^1.0.0',
    products: [{ name: 'Links', host: side, dpu: side }],
    settings: { type: 'object', properties: { fault: { type: 'string' } }, additionalProperties: false },
  };
  const json = { name: 'vsp-links', version: '1.0.0', type: 'module', dpu: manifest };
  await writeFile(join(directory, 'package.json'), JSON.stringify(json));
  await writeFile(join(directory, 'index.mjs'), preamble + plugin);
});

afterAll(async () => {
  await exec('ip', ['netns', 'del', netns], { allowFailure: true });
  await rm(directory, { recursive: true, force: true });
});

/** Which of these checks fail. */
async function failedOf(fault: string, side: 'host' | 'dpu', checks: readonly string[]): Promise<string[]> {
  const report = join(directory, 'report.json');
  const only = ['--only', ...checks];
  const options = ['--plugin', directory, '--settings', JSON.stringify({ fault }), '--json', report, ...only];
  const command = [process.execPath, dpuVsp, 'conformance', '--mode', side, '--max-vfs', '8', '--timeout', '120'];
  const { stdout, stderr } = await exec('nsenter', [`--net=/var/run/netns/${netns}`, ...command, ...options], {
    allowFailure: true,
    timeoutMs: 9 * minutes,
  });
  const { results }: { results: { id: string; status: string }[] } = JSON.parse(await readFile(report, 'utf8'));
  expect(
    results.filter(({ status }) => status === 'skipped'),
    `${stdout}${stderr}`,
  ).toEqual([]);
  return results.filter(({ status }) => status === 'failed').map(({ id }) => id);
}

const ofHost = ['count-repeat', 'count-grow', 'grow-in-use', 'in-use-listed', 'in-use-kept', 'count-zero'];

it.each([
  ['keeps the rules', []],
  ['makes devices anew for the same number', ['devices.count-repeat']],
  ['makes devices anew to have more', ['devices.count-grow']],
  ['takes devices from pods', ['devices.count-grow', 'devices.grow-in-use']],
  ['lists the devices of its node', ['devices.grow-in-use', 'devices.in-use-listed', 'devices.in-use-kept']],
  ['does not look whether a pod has a device', ['devices.in-use-kept']],
  ['leaves network devices behind', ['devices.count-zero']],
  ['takes its devices away at its end', ['shutdown.devices-stay']],
])('a plugin that %s', { timeout: 10 * minutes }, async (fault, expected) => {
  const checks = [...ofHost.map((check) => `devices.${check}`), 'shutdown.devices-stay'];
  expect(await failedOf(fault, 'host', checks)).toEqual(expected);
});

// The last one leaves something.
it.each([
  ['keeps the rules', []],
  ['leaves the devices of its ports behind', ['devices.zero-ports']],
])('a plugin whose DPU side %s', { timeout: 10 * minutes }, async (fault, expected) => {
  expect(await failedOf(fault, 'dpu', ['devices.zero-ports'])).toEqual(expected);
});
