import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hostInit, temporaryDirectory, vspClient } from '../testing.ts';

const main = join(import.meta.dirname, 'main.ts');
const dpu = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Test DPU', dpu: { detect: { dmiProductContains: 'Test' }, identifier: 'test' } }],
  settings: { type: 'object', properties: { vfs: { type: 'integer', default: 3 } }, additionalProperties: false },
};
const code = `export default {
  create: ({ settings, node, signal }) => ({
    address: { ip: node.ip, port: 50151 },
    getDevices: async () => [{ id: node.name, healthy: !signal.aborted }],
    setNumVfs: async () => settings.vfs,
    close: async () => console.log('plugin closed'),
  }),
};`;

const forEver = 'await new Promise(() => {});';

async function plugin(packageJson: object, entry = 'index.mjs', source = code): Promise<string> {
  const directory = await temporaryDirectory();
  const all = { name: 'vsp-test', version: '1.2.3', type: 'module', dpu, ...packageJson };
  await writeFile(join(directory, 'package.json'), JSON.stringify(all));
  await mkdir(join(directory, 'dist'));
  await writeFile(join(directory, entry), source);
  return directory;
}

function dpuVsp(args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function ended(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new Error('the child has no pipes');
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { status, stdout, stderr };
}

/** How `serve` ends when the plugin hangs, and what it has answered a client by then. */
async function endOfHanging(
  what: string,
  deadline: string,
  {
    inCreate = '',
    dataPath = 'undefined',
    env = {},
  }: { inCreate?: string; dataPath?: string; env?: Record<string, string> },
) {
  const hanging = `export default {
    create: async () => {
      ${inCreate}
      return {
        address: { ip: '127.0.0.1', port: 1 },
        getDevices: async () => [],
        setNumVfs: async (count) => count,
        dataPath: ${dataPath},
      };
    },
  };
  // As a plugin that holds a connection to its card.
  setInterval(() => {}, 1_000_000);`;
  const directory = await plugin({}, 'index.mjs', hanging);
  const socket = join(directory, 'vsp.sock');
  const child = dpuVsp(['serve', '--plugin', directory, '--socket', socket], { DPU_DEADLINE: deadline, ...env });
  const end = ended(child);
  const client = vspClient(socket, 60_000);
  const answers: unknown[] = [];
  const call = async () => {
    await client.init(hostInit);
    const port = { name: 'host0-0', macAddress: '02:00:00:00:00:01', type: 'ACCESS' as const, logicalBridges: [] };
    await client.createBridgePort(port);
  };
  client.onConnectivity((connected) => {
    if (connected) void call().catch((error) => answers.push(error));
  });
  return { what, deadline, answers, ...(await end) };
}

/** How `serve` ends when the plugin does not answer a call that nobody waits for any more. */
async function endOfUnwaited() {
  const silent = `getDevices: async () => { ${forEver} }`;
  const hanging = code.replace('getDevices: async () => [{ id: node.name, healthy: !signal.aborted }]', silent);
  const directory = await plugin({}, 'index.mjs', hanging);
  const socket = join(directory, 'vsp.sock');
  const child = dpuVsp(['serve', '--plugin', directory, '--socket', socket], { DPU_DEADLINE: '3' });
  const end = ended(child);
  const [patient, hurried] = [vspClient(socket), vspClient(socket, 100)];
  await new Promise<void>((resolve) => patient.onConnectivity((connected) => connected && resolve()));
  await patient.init(hostInit);
  await new Promise<void>((resolve) => hurried.onConnectivity((connected) => connected && resolve()));
  await expect(hurried.getDevices()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  return await end;
}

describe('dpu-vsp serve', () => {
  test.each([
    ['index.mjs', {}],
    ['dist/index.js', { exports: { '.': { types: './dist/index.d.ts', import: { default: './dist/index.js' } } } }],
  ])('serves a plugin whose code is %s until SIGTERM', async (entry, packageJson) => {
    const directory = await plugin(packageJson, entry);
    const socket = join(directory, 'vsp.sock');
    const env = { DPU_NAME: 'dpu-1', DPU_SETTINGS: '{"vfs":5}', K8S_NODE: 'node-1', NODE_IP: '192.0.2.1' };
    const child = dpuVsp(['serve', '--plugin', directory, '--socket', socket], env);
    const end = ended(child);
    const client = vspClient(socket);
    await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
    await expect(client.init(hostInit)).resolves.toEqual({ ip: '192.0.2.1', port: 50151 });
    await expect(client.getDevices()).resolves.toEqual([{ id: 'node-1', healthy: true }]);
    await expect(client.setNumVfs(1)).resolves.toBe(5);
    child.kill('SIGTERM');
    const { status, stdout } = await end;
    expect(status).toBe(0);
    expect(stdout).toContain('plugin closed');
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ dpu: 'dpu-1', plugin: 'vsp-test@1.2.3' });
    expect(existsSync(socket)).toBe(false);
  });

  test('hands the keys of Secret and ConfigMap to the plugin, and says which object has to be named', async () => {
    const source = `export default {
      create: async ({ secrets, config, node }) => {
        const id = await secrets.read('password');
        return {
          address: { ip: node.ip, port: 50151 },
          getDevices: async () => [{ id, healthy: true }],
          setNumVfs: async () => Number(await config.read('vfs')),
        };
      },
    };`;
    const directory = await plugin({}, 'index.mjs', source);
    const socket = join(directory, 'vsp.sock');
    const secret = await temporaryDirectory();
    await writeFile(join(secret, 'password'), 'hunter2');
    const env = { DPU_SECRET: 'imc', DPU_SECRET_DIRECTORY: secret };
    dpuVsp(['serve', '--plugin', directory, '--socket', socket], env);
    const client = vspClient(socket);
    await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
    await client.init(hostInit);
    await expect(client.getDevices()).resolves.toEqual([{ id: 'hunter2', healthy: true }]);
    await expect(client.setNumVfs(1)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'no ConfigMap with key vfs: name one in spec.configMap of a DataProcessingUnitConfig',
    });
  });

  test('ends with exit code 2 for a plugin of a newer host API, whose code is not run', async () => {
    const source = "throw new Error('it was run')";
    const directory = await plugin({ dpu: { ...dpu, hostApi: '^2.0.0' } }, 'index.mjs', source);
    const { status, stdout, stderr } = await ended(
      dpuVsp(['serve', '--plugin', directory, '--socket', join(directory, 's')]),
    );
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('dpu.hostApi: the plugin needs host API ^2.0.0, served is');
  });

  test('ends with exit code 1 and the stack in its log when the plugin fails outside of a call', async () => {
    const failing = (how: string) => `export default {
      create: () => {
        ${how};
        return { address: { ip: '127.0.0.1', port: 1 }, getDevices: async () => [], setNumVfs: async (count) => count };
      },
    };`;
    const rejected = "(async () => { throw new TypeError('firmware is gone'); })()";
    const thrown = "setImmediate(() => { throw new TypeError('firmware is gone'); })";
    const newer = { ...dpu, optionalFields: ['pod.cpuSet'], pod: { cpuSet: '2' } };
    const outcomes = [rejected, thrown].map(async (how) => {
      const directory = await plugin({ dpu: newer }, 'index.mjs', failing(how));
      const socket = join(directory, 'vsp.sock');
      const child = dpuVsp(['serve', '--plugin', directory, '--socket', socket]);
      const end = ended(child);
      const client = vspClient(socket);
      await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
      await client.init(hostInit).catch(() => {});
      const { status, stdout } = await end;
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      // Not always the last: it is flushed at once, and one that is still being written comes after it.
      return { status, warned: lines[0], fatal: lines.find(({ level }) => level === 60) };
    });
    for (const { status, warned, fatal } of await Promise.all(outcomes)) {
      expect(status).toBe(1);
      expect(warned).toMatchObject({
        level: 40,
        fields: ['dpu.pod.cpuSet'],
        msg: expect.stringMatching(/^passes over/),
      });
      expect(fatal).toMatchObject({ dpu: 'dpu', msg: 'the plugin failed: firmware is gone' });
      expect(fatal.stack).toMatch(/TypeError: firmware is gone\n.*index\.mjs/);
    }
  });

  // At once: each waits for its deadline.
  test('ends with exit code 4 when the plugin does not answer in time', async () => {
    const hanging = [
      endOfHanging('create', '1', { inCreate: forEver }),
      // From the start on: on a busy machine the client needs this long to be there.
      endOfHanging('create', '8', { inCreate: forEver, env: { DPU_SIDE: 'host', DPU_IDENTIFIER: 'test-1' } }),
      endOfHanging('apply (objects: 1)', '1', {
        dataPath: `{ serves: ["bridge"], apply: async () => { ${forEver} } }`,
      }),
    ];
    const unwaited = endOfUnwaited();
    for (const { what, deadline, status, stderr, answers } of await Promise.all(hanging)) {
      expect(status).toBe(4);
      expect(stderr).toBe(`dpu-vsp: the plugin has not answered ${what} within ${deadline} s\n`);
      const answer = expect.objectContaining({ code: 'DEADLINE_EXCEEDED', message: expect.stringContaining(what) });
      expect(answers).toEqual([answer]);
    }
    const { status, stderr } = await unwaited;
    expect(status).toBe(4);
    expect(stderr).toContain('DeviceService/GetDevices within 3 s');
  });

  test('touches the file of a liveness probe', async () => {
    const directory = await plugin({});
    const aliveFile = join(directory, 'alive');
    const socket = join(directory, 'vsp.sock');
    const child = dpuVsp(['serve', '--plugin', directory, '--socket', socket], { DPU_ALIVE_FILE: aliveFile });
    const end = ended(child);
    const client = vspClient(socket);
    await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
    await client.init(hostInit);
    expect(Date.now() - statSync(aliveFile).mtimeMs).toBeLessThan(30_000);
    child.kill('SIGTERM');
    expect((await end).status).toBe(0);
  });

  test('ends with exit code 3 when the machine lacks what the plugin needs', async () => {
    const broken = "import 'not-installed-anywhere';\nexport default {};";
    const serve = async (directory: string) =>
      ended(dpuVsp(['serve', '--plugin', directory, '--socket', join(directory, 'vsp.sock')]));
    const [program, dependency] = await Promise.all([
      plugin({ dpu: { ...dpu, programs: ['no-such-program'] } }).then(serve),
      plugin({}, 'index.mjs', broken).then(serve),
    ]);
    expect(program).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/^dpu-vsp: dpu\.programs: no-such-program not found in .*\n$/),
    });
    expect(dependency).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/not-installed-anywhere.*install the plugin's dependencies\n$/),
    });
  });

  test('logs what LOG_LEVEL asks for, and serves metrics beside its socket', async () => {
    const directory = await plugin({});
    const socket = join(directory, 'vsp.sock');
    const env = { LOG_LEVEL: 'error', DPU_SIDE: 'dpu', DPU_IDENTIFIER: 'test' };
    const child = dpuVsp(['serve', '--plugin', directory, '--socket', socket], env);
    const end = ended(child);
    const client = vspClient(socket);
    await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
    expect(existsSync(join(directory, 'metrics.sock'))).toBe(true);
    child.kill('SIGTERM');
    await expect(end).resolves.toMatchObject({ status: 0, stdout: 'plugin closed\n' });
    const wrong = ended(dpuVsp(['serve', '--plugin', directory], { LOG_LEVEL: 'loud' }));
    await expect(wrong).resolves.toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^dpu-vsp: environment: LOG_LEVEL .*"info"/),
    });
  });

  test('says in one line which setting or field is wrong', async () => {
    const directory = await plugin({});
    const serve = async (where: string, settings: string) =>
      ended(dpuVsp(['serve', '--plugin', where, '--socket', join(where, 'vsp.sock')], { DPU_SETTINGS: settings }));
    const [setting, json, manifest, missing] = await Promise.all([
      serve(directory, '{"vfs":"many"}'),
      serve(directory, '{'),
      plugin({ dpu: { ...dpu, products: [] } }).then((where) => serve(where, '{}')),
      serve(join(directory, 'dist'), '{}'),
    ]);
    expect(setting).toMatchObject({ status: 2, stderr: 'dpu-vsp: settings.vfs: must be integer\n' });
    expect(json).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^dpu-vsp: environment: DPU_SETTINGS must be JSON.*\n$/),
    });
    expect(manifest).toMatchObject({ status: 2, stderr: expect.stringMatching(/^dpu-vsp: dpu\.products: .*\n$/) });
    expect(missing).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^dpu-vsp: .*package\.json does not exist.*\n$/),
    });
  });

  test.each([[[]], [['serve']], [['serve', '--foo']], [['bogus']], [['dev', '--foo']], [['conformance', '--foo']]])(
    'wrong use ends with exit code 2: %j',
    async (args) => {
      const { status, stdout, stderr } = await ended(dpuVsp(args));
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).not.toMatch(/\n +at /);
    },
  );

  test('has help and a version', async () => {
    const [help, version] = await Promise.all([ended(dpuVsp(['serve', '--help'])), ended(dpuVsp(['--version']))]);
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('--plugin <directory>') });
    expect(version).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
