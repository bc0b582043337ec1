/**
 * The conformance suite on both sides of the Intel IPU's plugin as it is published: stand-ins of the card's interfaces, a
 * P4Runtime server and a real SSH server in place of the IMC. Needs root.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groups } from '@dpu-operator/sdk/conformance';
import { exec, Links } from '@dpu-operator/sdk/linux';
import { cards } from '@dpu-operator/sdk/testing';
import { cliLine, linuxNetworking, P4RuntimeServer } from '@dpu-operator/vsp-intel-ipu/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Imc } from '../../support/cards/imc.ts';
import { installPrograms } from '../../support/programs/programs.ts';

const [node, other] = ['ipuconf-node', 'ipuconf-other'];
const path = (name: string) => `/var/run/netns/${name}`;
/** Of the two ends of the wire by which the node reaches the P4Runtime server and the IMC. */
const [here, there] = ['198.51.100.1', '198.51.100.2'];
const packages = join(import.meta.dirname, '../../../packages');
const suiteMs = 1_500_000;
const ports = 8;
const interfaces = 32;
/** Those for leaks make thousands of calls, each of which starts programs. */
const checked = groups.filter((group) => group !== 'leaks');
let directory: string;
let imc: Imc;
let server: P4RuntimeServer;

const name = (index: number) => `enp0s1f0d${index}`;
const range = (count: number, from: number) => Array.from({ length: count }, (_, index) => from + index);
const macOf = (index: number) => `02:01:00:00:00:${index.toString(16).padStart(2, '0')}`;
const wire = (peer: string) => ({ netns: path(other), peer });

const settings = {
  representors: {
    hosts: range(ports, 5).map(name),
    functions: range(4, 0).map((pair) => [name(13 + 2 * pair), name(14 + 2 * pair)]),
  },
  functionDevices: range(ports, 21).map(name),
};

const machine = {
  host: cards.intelIpu.host({ totalVfs: ports, channel: wire('channel'), wire: wire('vf{vf}') }),
  dpu: cards.intelIpu.dpu({ interfaces, wire: (index) => wire(`if${index}`), mac: macOf }),
};

/** The interfaces of the ACC, and the MACs that the suite gives to ports of hosts. */
function table(): string {
  const own = range(interfaces, 0).map((index) => cliLine(macOf(index), index + 1));
  const hosts = range(1024, 0).map((index) => {
    const hex = index.toString(16).padStart(8, '0');
    return cliLine(`02:c0:${hex.match(/../g)?.join(':')}`, 0x200 + index, true);
  });
  return `${[...own, ...hosts].join('\n')}\n`;
}

async function removeAll(): Promise<void> {
  await exec('ip', ['link', 'del', 'ipuconf'], { allowFailure: true });
  for (const netns of [node, other]) await exec('ip', ['netns', 'del', netns], { allowFailure: true });
}

beforeAll(async () => {
  await installPrograms();
  directory = await mkdtemp(join(tmpdir(), 'conformance-ipu-'));
  await removeAll();
  for (const netns of [node, other]) await exec('ip', ['netns', 'add', netns]);
  await new Links(exec).batch([
    `link add ipuconf type veth peer name ipuconf-node netns ${node}`,
    `addr add ${here}/30 dev ipuconf`,
    'link set ipuconf up',
  ]);
  const up = ['link set lo up', `addr add ${there}/30 dev ipuconf-node`, 'link set ipuconf-node up'];
  await new Links(exec, path(node)).batch(up);
  const plugin = join(directory, 'plugin');
  await mkdir(plugin);
  await cp(join(packages, 'vsp-intel-ipu/package.json'), join(plugin, 'package.json'));
  await cp(join(packages, 'vsp-intel-ipu/dist/bundle/index.mjs'), join(plugin, 'index.mjs'));
  imc = await Imc.start(table());
  server = await new P4RuntimeServer({ p4info: linuxNetworking, host: here }).start();
});
afterAll(async () => {
  await server?.stop();
  await imc?.[Symbol.asyncDispose]();
  await removeAll();
  await rm(directory, { recursive: true, force: true });
});

// With Linux bridges: frames.test.ts has those of Open vSwitch.
it.each(['host', 'dpu'] as const)(
  'the Intel IPU plugin conforms on its %s side',
  { timeout: suiteMs },
  async (mode) => {
    const [json, machineFile] = [join(directory, `${mode}.json`), join(directory, `${mode}-machine.json`)];
    await writeFile(machineFile, JSON.stringify({ [mode]: machine[mode] }));
    const given = {
      ...settings,
      p4runtime: { address: server.address },
      imc: { host: here, port: imc.port, hostKey: imc.hostKey },
    };
    const command = [process.execPath, join(packages, 'sdk/dist/bundle/dpu-vsp.mjs'), 'conformance'];
    const options = ['--plugin', join(directory, 'plugin'), '--mode', mode, '--machine', `@${machineFile}`];
    const more = ['--settings', JSON.stringify(given), '--secret', imc.secretDirectory];
    const limits = ['--max-vfs', `${ports}`, '--ports', `${ports}`, '--timeout', '120', '--json', json];
    const line = [`--net=${path(node)}`, ...command, ...options, ...more, ...limits, '--only', ...checked];
    const { stdout, stderr } = await exec('nsenter', line, { timeoutMs: suiteMs, allowFailure: true });
    const report: { conforms: boolean; modes: { left: string[] }[]; results: { id: string; status: string }[] } =
      JSON.parse(await readFile(json, 'utf8').catch(() => '{"results":[],"modes":[]}'));
    const failed = report.results.filter(({ status }) => status === 'failed').map(({ id }) => id);
    expect({ failed, conforms: report.conforms }, `${stdout}${stderr}`).toEqual({ failed: [], conforms: true });
    expect(report.modes.map(({ left }) => left)).toEqual([[]]);
    const links = await new Links(exec, path(node)).list();
    expect(links.map((link) => link.name)).toEqual(['lo', 'ipuconf-node']);
  },
);
