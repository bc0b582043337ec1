/** A real registry of images, Debian's `docker-registry`, on this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cachedDirectory } from '../cluster/cache.ts';
import type { Log } from '../cluster/progress.ts';
import { run } from '../cluster/run.ts';
import { eventually } from './eventually.ts';

export interface ImageRegistry {
  /** Host and port, as image references have them. It speaks http. */
  name: string;
  /** What it answers to a GET below /v2/. @throws Error where that is no success */
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
export async function startImageRegistry(log: Log): Promise<ImageRegistry> {
  // Unpacked, not installed: the package would start a service.
  const program = await cachedDirectory(log, 'image-registry', 'debian', async (draft) => {
    await run(['apt-get', 'download', 'docker-registry'], { cwd: draft });
    await run(['sh', '-c', 'dpkg-deb --extract *.deb .'], { cwd: draft });
  });
  const directory = await mkdtemp(join(tmpdir(), 'image-registry-'));
  const port = await freePort();
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
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
  await eventually('the registry of images answers', () => get(''));
  return {
    name,
    get,
    stop: async () => {
      const closed = once(server, 'close');
      server.kill();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
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
