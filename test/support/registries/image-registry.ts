/** A real registry of images, Debian's `docker-registry`, on this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cachedDirectory } from '../../cluster/cache.ts';
import type { Log } from '../../cluster/progress.ts';
import { run } from '../../cluster/run.ts';
import { eventually } from '../eventually.ts';

export interface ImageRegistryOptions {
  /** Directory of its images, where another registry has it too. Default: its own, which goes with it. */
  data?: string;
  /** Key and certificate, in PEM. Default: it speaks http. */
  tls?: { key: string; certificate: string };
  /** Its settings for who may do what, as docker-registry has them. */
  auth?: object;
}

export interface ImageRegistry {
  /** Host and port, as image references have them. */
  name: string;
  /** Where its images are. */
  data: string;
  /** What it answers by http to a GET below /v2/. @throws Error where that is no success */
  get(path: string): Promise<Response>;
  stop(): Promise<void>;
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(',');

/** Its images go when it is stopped. */
export async function startImageRegistry(log: Log, options: ImageRegistryOptions = {}): Promise<ImageRegistry> {
  // Unpacked, not installed: the package would start a service.
  const program = await cachedDirectory(log, 'image-registry', 'debian', async (draft) => {
    await run(['apt-get', 'download', 'docker-registry'], { cwd: draft });
    await run(['sh', '-c', 'dpkg-deb --extract *.deb .'], { cwd: draft });
  });
  const directory = await mkdtemp(join(tmpdir(), 'image-registry-'));
  const port = await freePort();
  const data = options.data ?? join(directory, 'data');
  const { tls, auth } = options;
  const files = { key: join(directory, 'tls.key'), certificate: join(directory, 'tls.crt') };
  if (tls) {
    await writeFile(files.key, tls.key, { mode: 0o600 });
    await writeFile(files.certificate, tls.certificate);
  }
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, ...(tls && { tls: files }) },
    ...(auth && { auth }),
  };
  await writeFile(join(directory, 'config.yaml'), stringify(config));
  const server = spawn(join(program, 'usr/bin/docker-registry'), ['serve', join(directory, 'config.yaml')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH ?? '', OTEL_TRACES_EXPORTER: 'none' },
  });
  const name = `127.0.0.1:${port}`;
  const get = async (path: string): Promise<Response> => {
    const response = await fetch(`http://${name}/v2/${path}`, { headers: { accept: manifestTypes } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  await eventually('the registry of images answers', async () => {
    await (tls ? greeted(port) : get(''));
    return true;
  });
  return {
    name,
    data,
    get,
    stop: async () => {
      const closed = once(server, 'close');
      server.kill();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Whoever it lets in, it listens. */
async function greeted(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a server that listens has no port');
  return address.port;
}
