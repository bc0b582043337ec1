/** `dpu-vsp dev` as a vendor runs it: the programs as they are published, a plugin's directory, root and this kernel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { alone } from '../../support/programs/harness.ts';
import { installPrograms } from '../../support/programs/programs.ts';

const packages = join(import.meta.dirname, '../../../packages');

/** A vendor's project: our packages where npm puts them, and the plugin. */
let project: string;
let plugin: string;
let program: string;
const harnesses = new Set<Harness>();

beforeAll(installPrograms);
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'vsp-dev-'));
  plugin = join(project, 'plugin');
  program = join(packages, 'sdk/dist/bundle/dpu-vsp.mjs');
  const scope = join(project, 'node_modules/@dpu-operator');
  await mkdir(scope, { recursive: true });
  await mkdir(plugin);
  for (const name of ['sdk', 'core']) await symlink(join(packages, name), join(scope, name));
});
afterEach(async () => {
  for (const harness of harnesses) await harness.kill();
  await rm(project, { recursive: true });
});

async function softwareDpu(): Promise<void> {
  await cp(join(packages, 'vsp-mock/package.json'), join(plugin, 'package.json'));
  await cp(join(packages, 'vsp-mock/dist/bundle/index.mjs'), join(plugin, 'index.mjs'));
}

/** As the software DPU would be, had it no more than that. */
async function softwareDpuThatServes(...serves: string[]): Promise<void> {
  await softwareDpu();
  await rename(join(plugin, 'index.mjs'), join(plugin, 'whole.mjs'));
  await writeFile(
    join(plugin, 'index.mjs'),
    `import whole from './whole.mjs';
     export default { create: async (context) => {
       const made = await whole.create(context);
       if (made.dataPath) made.dataPath.serves = ${JSON.stringify(serves)};
       return made;
     } };`,
  );
}

/** Devices that are no netdevs, as those of a plugin that was just scaffolded. */
async function pluginInMemory(create: string, serves = ['bridge'], ids = ['card0', 'card1']): Promise<void> {
  const side = (name: string) => ({ detect: { nodeLabel: { key: name, values: ['yes'] } }, identifier: name });
  const products = [{ name: 'Card in memory', host: side('a'), dpu: side('b') }];
  const scripts = { build: 'node build.mjs' };
  const json = { name: 'vsp-memory', version: '1.0.0', type: 'module', main: 'dist/plugin.mjs', scripts };
  await writeFile(
    join(plugin, 'package.json'),
    JSON.stringify({ ...json, dpu: { contract: '^1.0.0', hostApi: '^1.0.0', products } }),
  );
  await writeFile(
    join(plugin, 'build.mjs'),
    `import { cpSync } from 'node:fs'; cpSync('plugin.mjs', 'dist/plugin.mjs', { recursive: true });`,
  );
  const devices = JSON.stringify(ids.map((id) => ({ id, healthy: true })));
  await writeFile(
    join(plugin, 'plugin.mjs'),
    `const apply = async (wanted, { changed }) => {
       for (const { name, after } of changed) {
         if (after) { ${create}; }
         else console.log('deletes', name);
       }
     };
     export default { create: ({ dpu: { side, identifier, product } }) => {
       console.log('is the', side, 'side of', product, 'named', identifier);
       return {
         address: { ip: '192.0.2.2', port: 50151 },
         getDevices: async () => ${devices},
         setNumVfs: async (count) => count,
         ...(side === 'dpu' && { dataPath: { serves: ${JSON.stringify(serves)}, apply } }),
       };
     } };`,
  );
}

/** Its devices are the virtual functions of a card with a switch of its own, found by the manifest's rules. */
async function pluginForCard(): Promise<void> {
  const host = { detect: { pci: { vendor: '1234', device: '5678', notVf: true } }, identifier: 'card-{pciAddress}' };
  const dpu = { detect: { dmiProductContains: 'Example DPU' }, identifier: 'card-{node}' };
  const products = [{ name: 'Example DPU', host, dpu }];
  await writeFile(
    join(plugin, 'package.json'),
    JSON.stringify({
      name: 'vsp-card',
      version: '1.0.0',
      type: 'module',
      main: 'plugin.mjs',
      dpu: { contract: '^1.0.0', hostApi: '^1.0.0', products },
    }),
  );
  await writeFile(
    join(plugin, 'plugin.mjs'),
    `export default { create: ({ dpu: { side, identifier, pciAddress }, platform: { sysfs } }) => {
       console.log('is', identifier);
       const ids = async () => (side === 'host' ? sysfs.virtualFunctions(pciAddress) : []);
       return {
         address: { ip: '192.0.2.2', port: 50151 },
         getDevices: async () => (await ids()).map((id) => ({ id, healthy: true })),
         setNumVfs: async (count) => {
           if (side === 'host') await sysfs.setVirtualFunctions(pciAddress, count);
           return count;
         },
         ...(side === 'dpu' && { dataPath: { serves: ['bridge'], apply: async () => {} } }),
       };
     } };`,
  );
}

const exampleCard = {
  address: '0000:01:00.0',
  vendor: '1234',
  device: '5678',
  sriov: {
    totalVfs: 4,
    numVfs: 2,
    device: '5679',
    netdev: 'enp1s0v{vf}',
    wire: { netns: '{card}', peer: 'port{vf}', bridge: 'switch' },
  },
};

class Harness {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals | null>;

  constructor(...args: string[]) {
    // With which the test runner's start script would have Node find the packages of this workspace.
    const { NODE_PATH: _, ...env } = process.env;
    this.#child = spawn(process.execPath, [program, 'dev', '--plugin', plugin, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.lines.push(line));
    }
    this.ended = new Promise((resolve) => this.#child.on('close', (code, signal) => resolve(signal ?? code)));
    harnesses.add(this);
  }

  /** What it made on the machine. */
  get namespaces(): string[] {
    return readdirSync('/var/run/netns').filter((name) => name.startsWith(`dpudev-${this.#child.pid}-`));
  }

  count(text: string): number {
    return this.lines.filter((line) => line.includes(text)).length;
  }

  async says(text: string, times = 1): Promise<void> {
    await eventually(`"${text}"`, async () => (this.count(text) >= times ? true : undefined)).catch((error) => {
      throw new Error(`${error.message}; it said:\n${this.lines.join('\n')}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
    harnesses.delete(this);
  }
}

/** Command lines of processes that work on this test's plugin, or in the namespaces of a harness. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(project));
}

const works = 'every step passed that was not skipped';

it('runs the software DPU once: pods, a network function, a chain, packets through all, and nothing left', async () => {
  await softwareDpu();
  const harness = new Harness('--once');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  const steps = harness.lines.filter((line) => line.startsWith('✓')).map((line) => line.slice(2).split(':')[0]);
  expect(steps).toEqual([
    'dpu side is Ready',
    'host side is Ready',
    'attach pod1',
    'attach pod2',
    'ping from pod1 to pod2',
    'chain a network function',
    'ping from pod1 through the network function to the outside',
    'order two network functions in a chain',
    'ping from pod1 through both functions of the chain to the outside',
    'detach',
    'host side ends and leaves nothing behind',
    'dpu side ends and leaves nothing behind',
  ]);
  expect(harness.lines.at(-1)).toBe(works);
  for (const call of ['LifeCycle.Init', 'BridgePort.CreateBridgePort', 'BridgePort.DeleteBridgePort']) {
    expect(harness.count(call), call).toBe(2);
  }
  expect(harness.namespaces).toEqual([]);
  expect(processes()).toEqual([]);
});

it('starts the plugin anew when its files change, and pods go on', async () => {
  await softwareDpu();
  const harness = new Harness();
  await harness.says('watching for changes; Ctrl-C');
  const code = readFileSync(join(plugin, 'index.mjs'), 'utf8');
  await writeFile(join(plugin, 'index.mjs'), `${code}\n// another`);
  await harness.says('works; watching for changes');
  expect(harness.count('LifeCycle.Init')).toBe(4);
  // Told again without anybody asking for it.
  expect(harness.count('CreateServiceChain')).toBe(2);
  expect(harness.count('ping from pod1 through both functions of the chain to the outside')).toBe(2);

  await writeFile(join(plugin, 'index.mjs'), 'not JavaScript');
  await harness.says('failed: ');
  await harness.says('it ended by itself', 2);
  expect(harness.count('SyntaxError')).toBe(2);
  await writeFile(join(plugin, 'index.mjs'), code);
  await harness.says('works; watching for changes', 2);

  harness.signal('SIGINT');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  expect(harness.namespaces).toEqual([]);
  expect(processes()).toEqual([]);
});

it('what a killed harness left is gone with the next, and a running one is left alone', async () => {
  await softwareDpu();
  const running = new Harness();
  const killed = new Harness();
  await running.says('watching for changes; Ctrl-C');
  await killed.says('watching for changes; Ctrl-C');
  await alone(async () => {
    await killed.kill();
    expect(killed.namespaces).toHaveLength(8);

    const next = new Harness('--once');
    expect(await next.ended, next.lines.join('\n')).toBe(0);
    expect(next.count('deleted')).toBe(1);
    expect([killed.namespaces, next.namespaces]).toEqual([[], []]);
  });

  expect(running.namespaces).toHaveLength(8);
  running.signal('SIGTERM');
  expect(await running.ended, running.lines.join('\n')).toBe(0);
  expect(running.namespaces).toEqual([]);
  await eventually('no process', async () => (processes().length === 0 ? true : undefined));
});

it('builds a plugin that needs it, and says what it cannot do with devices that are no netdevs', async () => {
  await pluginInMemory('');
  const harness = new Harness('--once');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  expect(harness.count('npm run build')).toBe(1);
  const skipped = harness.lines.filter((line) => line.startsWith('-'));
  expect(skipped).toEqual([
    "- attach two pods: skipped, card0 and card1 are no netdevs of the host side's namespace",
    '- chain a network function: skipped, the plugin has neither the networkFunctions nor the chains contract',
  ]);
  expect(harness.count('✓ bridge port host0-0 by the channel between the daemons')).toBe(1);
  expect(harness.count('plugin: deletes bridgePorts/host0-1')).toBe(1);
  expect(harness.count('plugin: is the host side of Card in memory named a')).toBe(1);
  expect(harness.count('plugin: is the dpu side of Card in memory named b')).toBe(1);
  expect(harness.lines.at(-1)).toBe(works);
});

it('tries the ports of a plugin whose host side has no devices', async () => {
  await pluginInMemory('', ['bridge'], []);
  const harness = new Harness('--once');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  expect(harness.count('- attach two pods: skipped, the host side has 0 devices')).toBe(1);
  expect(harness.count('✓ bridge port host0-1 by the channel between the daemons')).toBe(1);
  expect(harness.count('plugin: deletes bridgePorts/host0-1')).toBe(1);
  expect(harness.lines.at(-1)).toBe(works);
});

it('runs a plugin for a card with hardware that stands in for it, found by detection, and packets through it', async () => {
  await pluginForCard();
  const machine = join(project, 'machine.json');
  await writeFile(machine, JSON.stringify({ host: { pci: [exampleCard] }, dpu: { dmiProduct: 'Example DPU rev. B' } }));
  const harness = new Harness('--once', '--machine', `@${machine}`);
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  expect(harness.count('plugin: is card-0000:01:00.0')).toBe(1);
  expect(harness.count('plugin: is card-dev-dpu')).toBe(1);
  expect(harness.count('✓ attach pod2: 0000:01:02.1 is its net1')).toBe(1);
  expect(harness.count('✓ ping from pod1 to pod2')).toBe(1);
  expect(harness.lines.at(-1)).toBe(works);
  expect(harness.namespaces).toEqual([]);
});

it('says which side is not found on the hardware that stands in', async () => {
  await pluginForCard();
  const harness = new Harness('--once', '--machine', JSON.stringify({ dpu: { dmiProduct: 'PowerEdge R750' } }));
  expect(await harness.ended, harness.lines.join('\n')).toBe(2);
  expect(harness.lines.at(-1)).toBe('dpu-vsp: --machine: dpu: the rules of the manifest find no dpu side there');
  expect(harness.namespaces).toEqual([]);
});

it('orders functions for a plugin that serves them in chains only', async () => {
  await softwareDpuThatServes('bridge', 'chains');
  const harness = new Harness('--once');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  expect(harness.count('✓ order two network functions in a chain')).toBe(1);
  expect(harness.count('✓ ping from pod1 through both functions of the chain to the outside')).toBe(1);
  expect(harness.count('CreateNetworkFunction')).toBe(0);
  expect(harness.lines.at(-1)).toBe(works);
});

it('tells a plugin that serves chains alone of one, with devices that are no netdevs', async () => {
  await pluginInMemory('', ['chains']);
  const harness = new Harness('--once');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  const skipped = harness.lines.filter((line) => line.startsWith('-'));
  expect(skipped).toEqual([
    '- attach two pods: skipped, the plugin has no bridge contract',
    "- chain a network function: skipped, card0 and card1 are no netdevs of the DPU side's namespace",
  ]);
  expect(harness.count('✓ chain of two functions of made-up interfaces')).toBe(1);
  expect(harness.count('CreateServiceChain')).toBe(1);
  expect(harness.count('plugin: deletes serviceChains/')).toBe(1);
  expect(harness.lines.at(-1)).toBe(works);
});

it('builds again on a change, and keeps what runs when that fails', async () => {
  await pluginInMemory('');
  const harness = new Harness();
  await harness.says('watching for changes; Ctrl-C');
  const code = readFileSync(join(plugin, 'plugin.mjs'), 'utf8');
  await writeFile(join(plugin, 'plugin.mjs'), code.replace('deletes', 'takes away'));
  await harness.says('works; watching for changes');
  expect(harness.count('✓ npm run build')).toBe(2);
  // The ports were told to the new one as well.
  expect(harness.count('BridgePort.CreateBridgePort')).toBe(4);

  const served = harness.count('plugin info: serving');
  await writeFile(join(plugin, 'build.mjs'), `console.log('a type is wrong'); process.exit(1);`);
  await harness.says('failed: npm run build');
  expect(harness.count('| a type is wrong')).toBe(1);
  expect(harness.count('plugin info: serving')).toBe(served);

  harness.signal('SIGINT');
  expect(await harness.ended, harness.lines.join('\n')).toBe(0);
  expect(harness.count('plugin: takes away bridgePorts/host0-1')).toBe(1);
});

it('ends with exit code 1 when a step fails, and still cleans up', async () => {
  await pluginInMemory(`throw new Error('no room')`);
  const harness = new Harness('--once');
  expect(await harness.ended, harness.lines.join('\n')).toBe(1);
  expect(harness.lines.at(-1)).toContain('failed: bridge port host0-0 by the channel between the daemons');
  expect(harness.count('BridgePort.CreateBridgePort')).toBeGreaterThan(0);
  expect(harness.namespaces).toEqual([]);
  expect(processes()).toEqual([]);
});
