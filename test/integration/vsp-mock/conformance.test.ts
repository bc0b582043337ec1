/** The conformance suite on both sides of a software DPU at once, each in a node of its own: needs root. */
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExecResult, exec, Links } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPrograms } from '../../support/programs/programs.ts';

/** One end of each is the other's peer. */
const nodes = {
  host: { netns: 'conformance-mock-host', address: '192.0.2.1', peer: '192.0.2.2' },
  dpu: { netns: 'conformance-mock-dpu', address: '192.0.2.2', peer: '192.0.2.1' },
};
type Mode = keyof typeof nodes;
const modes: Mode[] = ['host', 'dpu'];
const uplink = 'node0';
const packages = join(import.meta.dirname, '../../../packages');
const suiteMs = 1_500_000;
let directory: string;

const plugin = () => join(directory, 'plugin');

/** The software DPU as its image has it, without a workspace around. */
async function installPlugin(): Promise<void> {
  await mkdir(plugin());
  await cp(join(packages, 'vsp-mock/package.json'), join(plugin(), 'package.json'));
  await cp(join(packages, 'vsp-mock/dist/bundle/index.mjs'), join(plugin(), 'index.mjs'));
}

/** In the node's network namespace, with the suite in it, too. */
function conformance(mode: Mode, ...args: string[]): Promise<ExecResult> {
  const { netns, address } = nodes[mode];
  const suite = [join(packages, 'sdk/dist/bundle/dpu-vsp.mjs'), 'conformance', '--mode', mode];
  const command = [process.execPath, ...suite, ...args];
  const env = { ...process.env, NODE_IP: address, K8S_NODE: netns };
  return exec('nsenter', [`--net=/var/run/netns/${netns}`, ...command], {
    env: Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    timeoutMs: suiteMs,
    allowFailure: true,
  });
}

async function leftLinks(mode: Mode): Promise<string[]> {
  const links = await new Links(exec, `/var/run/netns/${nodes[mode].netns}`).list();
  return links.map(({ name }) => name).filter((name) => !['lo', uplink].includes(name));
}

async function removeNodes(): Promise<void> {
  for (const mode of modes) await exec('ip', ['netns', 'del', nodes[mode].netns], { allowFailure: true });
}

beforeAll(async () => {
  await installPrograms();
  directory = await mkdtemp(join(tmpdir(), 'conformance-mock-'));
  await installPlugin();
  await removeNodes();
  for (const mode of modes) await exec('ip', ['netns', 'add', nodes[mode].netns]);
  const { host, dpu } = nodes;
  const cable = `link add ${uplink} netns ${host.netns} type veth peer name ${uplink} netns ${dpu.netns}`;
  await exec('ip', cable.split(' '));
  for (const { netns, address } of Object.values(nodes)) {
    const links = new Links(exec, `/var/run/netns/${netns}`);
    await links.batch(['link set lo up', `addr add ${address}/24 dev ${uplink}`, `link set ${uplink} up`]);
  }
});

afterAll(async () => {
  await removeNodes();
  await rm(directory, { recursive: true, force: true });
});

it.concurrent.each(modes)('the software DPU conforms on its %s side', { timeout: suiteMs }, async (mode) => {
  const { peer } = nodes[mode];
  const json = join(directory, `${mode}.json`);
  // A machine that does much else at the same time needs more than 30 s for 100 changes of the switch.
  const settings = ['--settings', JSON.stringify({ peer }), '--timeout', '180'];
  const { stdout, stderr } = await conformance(mode, '--plugin', plugin(), ...settings, '--json', json);
  const report: { conforms: boolean; modes: { left: string[] }[]; results: { id: string; status: string }[] } =
    JSON.parse(await readFile(json, 'utf8').catch(() => '{"results":[],"modes":[]}'));
  const failed = report.results.filter(({ status }) => status === 'failed').map(({ id }) => id);
  expect({ failed, conforms: report.conforms }, `${stdout}${stderr}`).toEqual({ failed: [], conforms: true });
  expect(report.modes.map(({ left }) => left)).toEqual([[]]);
  // What it cannot do, and what cannot be done to it.
  const skipped = report.results.filter(({ status }) => status === 'skipped').map(({ id }) => id);
  const onDpu = mode === 'dpu' ? ['network-config.set', 'network-config.again'] : [];
  const devices = ['allocate', 'virtual-functions', 'fixed', 'health'].map((name) => `devices.${name}`);
  expect(skipped).toEqual([...devices, ...onDpu]);
  await expect(leftLinks(mode)).resolves.toEqual([]);
});
