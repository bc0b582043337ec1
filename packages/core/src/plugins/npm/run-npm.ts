/** Runs npm in a directory of its own, with none of the settings of the machine or the user. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { type ExecResult, exec } from '@dpu-operator/sdk/linux';
import { type NpmSettings, npmrc } from './settings.ts';
import { trustedCaFile } from './trusted-ca.ts';

/** npm as it lies in the operator's image. */
export const npmInImage = '/opt/dpu-operator/npm';

export interface NpmOptions extends Omit<NpmSettings, 'caFile'> {
  /** Where npm itself lies. Default: that of the operator's image. */
  npmDirectory?: string;
  /** PEM bundle of authorities to trust beside the public ones, where the file exists. Default: the installation's. */
  caBundle?: string;
  /** Mebibytes that npm may take, which holds in memory what a registry answers. Default: what its container may. */
  memory?: number;
}

const tooMuchExit = 97;

/** Of Node. The heap has a limit of its own; what holds an answer that comes piece by piece has none. */
function memoryLimit(mebibytes: number): string[] {
  const tooMuch = `process.memoryUsage.rss() > ${mebibytes * 2 ** 20}`;
  const guard = `setInterval(() => ${tooMuch} && process.exit(${tooMuchExit}), 50).unref()`;
  return [`--max-old-space-size=${mebibytes}`, '--import', `data:text/javascript,${encodeURIComponent(guard)}`];
}

/** What reaches npm of our own environment: the way through proxies, and whom to trust. */
const passedOn = /^(https?_proxy|no_proxy|ssl_cert_(file|dir))$/i;

export class NpmDirectory implements AsyncDisposable {
  /** The working directory: package.json and lock file go here. */
  readonly path: string;
  readonly #scratch: string;
  readonly #npm: string;
  readonly #caBundle: string;
  readonly #memory: number | undefined;

  private constructor(path: string, scratch: string, options: NpmOptions) {
    this.path = path;
    this.#scratch = scratch;
    this.#npm = options.npmDirectory ?? npmInImage;
    this.#caBundle = options.caBundle ?? trustedCaFile;
    this.#memory = options.memory;
  }

  /** @param path The working directory. Default: one that goes with the settings. */
  static async create(options: NpmOptions, path?: string): Promise<NpmDirectory> {
    // Of mode 0700.
    const scratch = await mkdtemp(join(tmpdir(), 'dpu-npm-'));
    const directory = new NpmDirectory(path ?? join(scratch, 'work'), scratch, options);
    await mkdir(directory.path, { recursive: true });
    await directory.configure(options);
    await directory.#trust();
    return directory;
  }

  /** Other settings from now on. */
  async configure(settings: Omit<NpmSettings, 'caFile'>): Promise<void> {
    const caFile = join(this.#scratch, 'ca.crt');
    const { ca } = settings.credentials ?? {};
    if (ca) await writeFile(caFile, ca);
    const file = join(this.#scratch, 'npmrc');
    await writeFile(file, npmrc({ ...settings, ...(ca && { caFile }) }), { mode: 0o600 });
    await chmod(file, 0o600);
  }

  /** Node takes one file: what our own environment names is in it too. */
  async #trust(): Promise<void> {
    const files = [this.#caBundle, process.env.NODE_EXTRA_CA_CERTS ?? ''].filter((file) => existsSync(file));
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    if (texts.length > 0) await writeFile(this.#trusted, texts.join('\n'));
  }

  get #trusted(): string {
    return join(this.#scratch, 'trusted.crt');
  }

  /**
   * Ends with npm's whole answer, whatever its exit code.
   *
   * @throws DpuError DEADLINE_EXCEEDED after the timeout, CANCELLED when `signal` is aborted, RESOURCE_EXHAUSTED when it takes more
   * memory than it may.
   */
  async run(args: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<ExecResult> {
    const cli = join(this.#npm, 'bin/npm-cli.js');
    const inherited = Object.entries(process.env).filter(([name]) => passedOn.test(name));
    const limit = this.#memory === undefined ? [] : memoryLimit(this.#memory);
    const result = await exec(process.execPath, [...limit, cli, ...args, '--prefix', this.path], {
      timeoutMs,
      allowFailure: true,
      ...(signal && { signal }),
      env: {
        ...Object.fromEntries(inherited.map(([name, value]) => [name, value ?? ''])),
        ...(existsSync(this.#trusted) && { NODE_EXTRA_CA_CERTS: this.#trusted }),
        PATH: process.env.PATH ?? '',
        HOME: this.#scratch,
        npm_config_userconfig: join(this.#scratch, 'npmrc'),
        npm_config_globalconfig: join(this.#scratch, 'none'),
        npm_config_cache: join(this.#scratch, 'cache'),
      },
    }).catch((error) => {
      // So ends Node when its heap is full, and tells pages of it.
      throw DpuError.from(error).message.includes('killed by SIGABRT') ? this.#tookTooMuch() : error;
    });
    if (result.exitCode === tooMuchExit) throw this.#tookTooMuch();
    return result;
  }

  #tookTooMuch(): DpuError {
    const limit = this.#memory === undefined ? 'there is' : `${this.#memory} MiB`;
    const message = `npm took more memory than ${limit}: the registry answers with too much`;
    return new DpuError('RESOURCE_EXHAUSTED', message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
  }
}
