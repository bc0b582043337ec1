/** A real npm registry (Verdaccio) that has our packages, and everything else from the registry that npm is set to. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { z } from 'zod';
import { eventually } from '../eventually.ts';

const require = createRequire(import.meta.url);
const npmPackage = require.resolve('npm/package.json');
const npmCommand = join(dirname(npmPackage), 'bin/npm-cli.js');
const verdaccioCommand = join(dirname(require.resolve('verdaccio/package.json')), 'bin/verdaccio');

export const user = { name: 'publisher', password: 'only-for-tests' };

export interface RegistryOptions {
  /** Address that it listens on. Default: 127.0.0.1. */
  listen?: string;
  /** Host name or address in its URL. Default: the address that it listens on. */
  host?: string;
  /** Patterns of packages that only those with the token may read, e.g. `@acme/*`. */
  restricted?: readonly string[];
  /** Key and certificate, in PEM, and the authority's that signed it. Default: it speaks http. */
  tls?: { key: string; certificate: string; ca: string };
}

export interface PublishOptions {
  /** Changes the package.json that is published. */
  edit?: (packageJson: Record<string, unknown>) => void;
  /** Texts of files to put in or replace, by their path in the package. */
  files?: Record<string, string>;
}

export type PackageJson = { name: string; version: string };

/** What npm itself publishes with; in this process, as npm takes a second of CPU time to start. */
interface Publisher {
  publish(packageJson: object, tarball: Buffer, options: Record<string, string | undefined>): Promise<unknown>;
}

const publisher: Publisher = createRequire(npmPackage)('libnpmpublish');

/** Those of the packages that tests publish. */
const scopes = ['@dpu-operator', '@acme', '@example'];

const packageJsonSchema = z.looseObject({ name: z.string(), version: z.string() });

export class Registry {
  readonly url: string;
  /** May publish, and read restricted packages. */
  readonly token: string;
  /** PEM of the authority that signed its certificate, where it has one. */
  readonly ca: string | undefined;
  /**
   * A file of npm settings that names this registry for our scopes, and the token. Other packages come from where npm
   * is set to get them, so that its cache on this machine knows them.
   */
  readonly npmrc: string;
  /** Its URL on this machine. */
  readonly #local: string;
  readonly #directory: string;
  readonly #stopServer: () => Promise<void>;

  constructor(
    urls: { url: string; local: string },
    token: string,
    ca: string | undefined,
    directory: string,
    stopServer: () => Promise<void>,
  ) {
    this.url = urls.url;
    this.#local = urls.local;
    this.token = token;
    this.ca = ca;
    this.npmrc = join(directory, 'npmrc');
    this.#directory = directory;
    this.#stopServer = stopServer;
  }

  /** Publishes a package that is built, as for real: packed, with the versions of the workspace filled in. */
  async publish(directory: string, { edit, files = {} }: PublishOptions = {}): Promise<PackageJson> {
    const work = await mkdtemp(join(this.#directory, 'publish-'));
    await execa('tar', ['-xzf', await packed(directory), '-C', work]);
    const unpacked = join(work, 'package');
    const manifestPath = join(unpacked, 'package.json');
    const packageJson = packageJsonSchema.parse(JSON.parse(await readFile(manifestPath, 'utf8')));
    edit?.(packageJson);
    await writeFile(manifestPath, JSON.stringify(packageJson, undefined, 2));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(unpacked, path)), { recursive: true });
      await writeFile(join(unpacked, path), text);
    }
    const { name, version } = packageJson;
    await execa('tar', ['-czf', 'package.tgz', 'package'], { cwd: work });
    await this.publishTarball(packageJson, await readFile(join(work, 'package.tgz')));
    await rm(work, { recursive: true });
    return { name, version };
  }

  /** @param tarball the package, with this package.json */
  async publishTarball(packageJson: PackageJson, tarball: Buffer): Promise<void> {
    await publisher.publish(packageJson, tarball, {
      registry: this.#local,
      ca: this.ca,
      [`${this.#local.replace(/^https?:/, '')}:_authToken`]: this.token,
    });
  }

  unpublish({ name, version }: PackageJson): Promise<unknown> {
    return this.npm(['unpublish', '--force', `${name}@${version}`]);
  }

  /** Serves another tarball for a version from now on; what the registry says of it stays. */
  async tamper({ name, version }: PackageJson, by: PackageJson): Promise<void> {
    const file = (of: PackageJson) =>
      join(this.#directory, 'storage', of.name, `${of.name.replace(/^@.*\//, '')}-${of.version}.tgz`);
    await cp(file(by), file({ name, version }));
  }

  /** Runs npm against this registry. */
  npm(args: readonly string[], options: { cwd?: string } = {}) {
    return execa(process.execPath, [npmCommand, ...args, '--userconfig', this.npmrc], {
      cwd: options.cwd ?? this.#directory,
    });
  }

  /** Again is no error. */
  async stop(): Promise<void> {
    await this.#stopServer();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Directories of packages, and what became of packing them: a version more is another text in the same files. */
const tarballs = new Map<string, Promise<string>>();

/** The package's tarball, made once: what is built does not change while tests run, and pnpm takes long to start. */
function packed(directory: string): Promise<string> {
  const known = tarballs.get(directory);
  if (known) return known;
  const tarball = pack(directory);
  tarballs.set(directory, tarball);
  return tarball;
}

async function pack(directory: string): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), 'pack-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  const args = ['--yes', 'pnpm@12.21.0', 'pack', '--config.ignore-scripts=true', '--pack-destination', work];
  await execa('npx', args, { cwd: directory });
  const [tarball = ''] = await readdir(work);
  return join(work, tarball);
}

/** Its data go when it is stopped. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const { listen = '127.0.0.1', tls } = options;
  const directory = await mkdtemp(join(tmpdir(), 'registry-'));
  const { stdout: upstream } = await execa(process.execPath, [npmCommand, 'config', 'get', 'registry']);
  const port = await freePort(listen);
  const access = { access: '$all', publish: '$authenticated', unpublish: '$authenticated' };
  const restrictedTo = { ...access, access: '$authenticated' };
  const restricted = Object.fromEntries((options.restricted ?? []).map((pattern) => [pattern, restrictedTo]));
  const config = {
    storage: join(directory, 'storage'),
    auth: { htpasswd: { file: join(directory, 'htpasswd') } },
    uplinks: { upstream: { url: upstream.trim(), cache: true, maxage: '1h' } },
    packages: {
      // The first pattern that fits holds.
      ...restricted,
      ...Object.fromEntries(scopes.map((scope) => [`${scope}/*`, access])),
      '**': { access: '$all', proxy: 'upstream' },
      ...restricted,
    },
    log: { type: 'stdout', format: 'json', level: 'warn' },
    max_body_size: '200mb',
    publish: { check_owners: false },
    security: { api: { legacy: true } },
    ...(tls && { https: { key: join(directory, 'tls.key'), cert: join(directory, 'tls.crt') } }),
  };
  if (tls) {
    await writeFile(join(directory, 'tls.key'), tls.key, { mode: 0o600 });
    await writeFile(join(directory, 'tls.crt'), tls.certificate);
  }
  const scheme = tls ? 'https' : 'http';
  const configPath = join(directory, 'config.yaml');
  await writeFile(configPath, stringify(config));
  const server = execa(
    process.execPath,
    [verdaccioCommand, '--config', configPath, '--listen', `${scheme}://${listen}:${port}`],
    {
      cwd: directory,
      reject: false,
    },
  );
  const url = `${scheme}://${options.host ?? listen}:${port}/`;
  // It says on its output where it is about to listen.
  await Promise.race([once(server.stdout, 'data'), server.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  const local = `${scheme}://${listen === '0.0.0.0' ? '127.0.0.1' : listen}:${port}/`;
  const token = await eventually('a registry that listens', () => logIn(local, tls?.ca));
  const stopServer = async () => {
    server.kill('SIGTERM');
    await server;
  };
  const registry = new Registry({ url, local }, token, tls?.ca, directory, stopServer);
  const credentials = [url, local].map((each) => `${each.replace(/^https?:/, '')}:_authToken=${token}`);
  const registries = [`registry=${upstream.trim()}`, ...scopes.map((scope) => `${scope}:registry=${local}`)];
  await writeFile(registry.npmrc, [...registries, ...credentials, 'audit=false', 'fund=false', ''].join('\n'));
  return registry;
}

async function logIn(url: string, ca: string | undefined): Promise<string> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const asked = request(`${url}-/user/org.couchdb.user:${user.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    agent: url.startsWith('https:') ? new Agent({ ca }) : undefined,
  });
  asked.end(JSON.stringify({ ...user, type: 'user', roles: [] }));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return z.object({ token: z.string() }).parse(await json(response)).token;
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  server.close();
  await once(server, 'close');
  return port;
}
