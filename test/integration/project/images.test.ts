/** What `make push-image-all` leaves in a registry is what a node of either architecture can run. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEngine } from '../../cluster/engine/engine.ts';
import { type Architecture, architectures, nodeNames, ownArchitecture } from '../../cluster/images/architecture.ts';
import { productImages } from '../../cluster/images/image-inputs.ts';
import { repositoryRoot } from '../../cluster/paths.ts';
import { run } from '../../cluster/run.ts';
import { type ImageRegistry, startImageRegistry } from '../../support/registries/image-registry.ts';

interface Descriptor {
  digest: string;
  size: number;
  platform?: { os: string; architecture: string };
}

/** ELF's numbers of machines. */
const machines = { amd64: 62, arm64: 183 } as const;
/** A BPF program (libxdp's, a library of Open vSwitch) runs in the kernel of any machine. */
const bpf = 247;
const tag = 'of-a-test';
let registry: ImageRegistry;
let directory: string;
let said: string;
let secondTime: string;

async function pushAll(): Promise<string> {
  const env = { REGISTRY: registry.name, TAG: tag, PUSH_TLS_VERIFY: 'false' };
  return run([process.execPath, 'scripts/commands.ts', 'push-images'], { cwd: repositoryRoot, env });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'images-'));
  registry = await startImageRegistry(console.log);
  // Where there is none it is installed; the command itself would say what to install.
  await findEngine(console.log);
  said = await pushAll();
  secondTime = await pushAll();
}, 1_200_000);

afterAll(async () => {
  await registry?.stop();
  await rm(directory, { recursive: true, force: true });
});

it('nothing is built again when nothing has changed', () => {
  expect(secondTime).not.toContain('build image');
  const pinned = (text: string) => text.match(/^127\S+@sha256:\S+$/gm);
  expect(pinned(said)).toHaveLength(productImages.length);
  expect(pinned(secondTime)).toEqual(pinned(said));
});

async function json(path: string) {
  return JSON.parse(await (await registry.get(path)).text());
}

async function manifestOf(repository: string, architecture: Architecture) {
  const { manifests } = (await json(`${repository}/manifests/${tag}`)) as { manifests: Descriptor[] };
  const ours = manifests.find(({ platform }) => platform?.architecture === architecture);
  return (await json(`${repository}/manifests/${ours?.digest}`)) as { config: Descriptor; layers: Descriptor[] };
}

it.each(architectures)('Node is one layer of both, for %s', async (architecture) => {
  const manifests = await Promise.all(productImages.map((name) => manifestOf(`dpu-operator/${name}`, architecture)));
  const [operator, vsp] = manifests.map(({ layers }) => layers[0]);
  expect(operator?.size).toBeGreaterThan(20_000_000);
  expect(vsp).toEqual(operator);
});

describe.each(productImages)('%s', (name) => {
  const repository = `dpu-operator/${name}`;

  it('one digest stands for both architectures', async () => {
    const answer = await registry.get(`${repository}/manifests/${tag}`);
    const text = await answer.text();
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    expect(said).toContain(`${registry.name}/${repository}@${digest}`);
    const { manifests } = JSON.parse(text) as { manifests: Descriptor[] };
    expect(manifests.map(({ platform }) => platform?.architecture).sort()).toEqual([...architectures]);
  });

  describe.each(architectures)('%s', (architecture) => {
    let root: string;
    let config: { architecture: string; config: { User: string; Labels: Record<string, string> } };

    beforeAll(async () => {
      const manifest = await manifestOf(repository, architecture);
      config = await json(`${repository}/blobs/${manifest.config.digest}`);
      root = join(directory, name, architecture);
      await mkdir(root, { recursive: true });
      for (const { digest } of manifest.layers) {
        const layer = join(directory, 'layer');
        await writeFile(layer, Buffer.from(await (await registry.get(`${repository}/blobs/${digest}`)).arrayBuffer()));
        await run(['tar', '--directory', root, '--extract', '--keep-directory-symlink', '--file', layer]);
      }
    });

    it('every program and library in it is of that architecture', async () => {
      const found = new Map<string, number>();
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const machine = await elfMachine(path);
        if (machine !== undefined && machine !== bpf) found.set(path.slice(root.length), machine);
      }
      expect([...found].filter(([, machine]) => machine !== machines[architecture])).toEqual([]);
      const koffi = name === 'operator' ? '/opt/dpu-operator' : '/opt/dpu-vsp';
      const own =
        name === 'operator' ? ['/opt/dpu-operator/bin/dpu-cni'] : ['/usr/lib/openvswitch-switch/ovs-vswitchd'];
      const module = `${koffi}/node_modules/@koromix/koffi-linux-${nodeNames[architecture]}`;
      expect([...found.keys()]).toEqual(
        expect.arrayContaining([
          '/usr/local/bin/node',
          '/usr/bin/tini',
          ...own,
          expect.stringMatching(new RegExp(`^${module}/.*\\.node$`)),
        ]),
      );
    });

    it('its labels and its numeric user', async () => {
      const { version } = JSON.parse(await readFile(join(repositoryRoot, 'packages/core/package.json'), 'utf8'));
      expect(config.architecture).toBe(architecture);
      expect(config.config.User).toBe(name === 'operator' ? '65532:65532' : '0:0');
      expect(config.config.Labels).toMatchObject({
        'org.opencontainers.image.title': `dpu-operator-${name}`,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/),
      });
    });

    it('its SBOM names the packages of Debian that are in it, Node, and npm packages with their licence', async () => {
      const text = await readFile(join(root, 'usr/share/doc/dpu-operator/sbom.cdx.json'), 'utf8');
      const { components } = JSON.parse(text) as { components: { name: string; purl: string; licenses?: unknown[] }[] };
      const debian = components.flatMap(({ name, purl }) => (purl.startsWith('pkg:deb/') ? [name] : []));
      expect(debian.sort()).toEqual((await readdir(join(root, 'var/lib/dpkg/status.d'))).sort());
      for (const part of ['node', 'pino', 'zod', `@koromix/koffi-linux-${nodeNames[architecture]}`]) {
        expect(components.find((component) => component.name === part)?.licenses, part).toHaveLength(1);
      }
    });

    it.runIf(architecture === ownArchitecture())('its programs run, with its own libraries', async () => {
      const inImage = (...argv: string[]) => run(['chroot', root, ...argv]);
      const { devDependencies } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8'));
      expect(await inImage('/usr/local/bin/node', '--version')).toBe(`v${devDependencies.node}`);
      for (const program of ['ip -V', 'nsenter --version', 'setpriv --version', 'tini --version', 'test -e /tmp']) {
        await inImage(...program.split(' '));
      }
      const own =
        name === 'operator'
          ? ['node /opt/dpu-operator/npm/bin/npm-cli.js --version', 'node /opt/dpu-operator/dpuctl.mjs --help']
          : [
              'ovs-vswitchd --version',
              'ovsdb-server --version',
              'ovs-vsctl --version',
              'ovs-ofctl --version',
              'ethtool --version',
            ];
      for (const program of own) await inImage(...program.split(' '));
    });
  });
});

/** Undefined for a file that is no ELF. */
async function elfMachine(path: string): Promise<number | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return bytesRead === 20 && buffer.toString('latin1', 0, 4) === '\x7fELF' ? buffer.readUInt16LE(18) : undefined;
  } finally {
    await file.close();
  }
}
