/** Address management by an IPAM plugin of the node, run as the CNI specification says (delegated plugins). */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { Exec } from '@dpu-operator/sdk/linux';
import { z } from 'zod';
import { CniError, cniCodes } from '../../cni-error.ts';
import { parseJson } from '../../json.ts';
import type { IpamCall } from '../attach/record/attachment.ts';
import { type IpamResult, ipamResult } from '../attach/result.ts';
import { resolveIn } from './host-path.ts';

/** Codes are unsigned and not 0 (libcni's type is `uint`). */
const wireError = z.looseObject({
  code: z
    .int()
    .min(1)
    .max(2 ** 32 - 1)
    .catch(cniCodes.internal),
  msg: z.string(),
  details: z.string().catch(''),
});

/** Some, whereabouts among them, ask the API server. */
const defaultTimeoutMs = 30_000;
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Those that never look at the interface: they run while the device moves. Every other one (dhcp, and whatever a node
 * has) is called when the interface is in the pod and the DPU has its port, and before it leaves, as it is by the reference plugins.
 */
const withoutInterface: readonly string[] = ['host-local', 'static', 'whereabouts'];
export const needsInterface = ({ type }: IpamCall): boolean => !withoutInterface.includes(type);

export interface IpamOptions {
  exec: Exec;
  /**
   * A process of the node, such as `/proc/1`, where the daemon runs in a container. Plugins then run in its mount
   * namespace: with the files, sockets and configuration that they have when a runtime starts them.
   */
  hostProcess?: string | undefined;
  timeoutMs?: number;
}

export class Ipam {
  readonly #exec: Exec;
  readonly #hostProcess: string | undefined;
  readonly #timeoutMs: number;

  constructor(options: IpamOptions) {
    this.#exec = options.exec;
    this.#hostProcess = options.hostProcess;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  }

  /**
   * A plugin that refuses is told DEL, as the specification asks for: it may have handed out something before.
   *
   * @throws CniError when the plugin answered, and has nothing handed out; DpuError when that is not known
   */
  async add(call: IpamCall): Promise<IpamResult> {
    const program = await this.find(call);
    try {
      return parseResult(call, await this.#run(program, call, 'ADD'));
    } catch (error) {
      if (error instanceof CniError) await this.#run(program, call, 'DEL').catch(ignoreAnswer);
      throw error;
    }
  }

  /** Without a namespace when it is gone: plugins must free addresses all the same. */
  async del(call: IpamCall): Promise<void> {
    await this.#run(await this.find(call), call, 'DEL');
  }

  async check(call: IpamCall): Promise<void> {
    await this.#run(await this.find(call), call, 'CHECK');
  }

  async gc(call: IpamCall): Promise<void> {
    await this.#run(await this.find(call), call, 'GC');
  }

  /** @throws CniError 50 where it is not installed, else with what it says */
  async status(call: IpamCall): Promise<void> {
    const program = await this.find(call).catch((error: unknown) => {
      throw new CniError(cniCodes.notAvailable, CniError.from(error).message);
    });
    await this.#run(program, call, 'STATUS');
  }

  /** The program's path on the node. @throws NotInstalled */
  async find({ type, env }: IpamCall): Promise<string> {
    const directories = (env.CNI_PATH ?? '').split(':').filter((directory) => directory.startsWith('/'));
    for (const directory of directories) {
      const path = join(directory, type);
      if (await this.#isProgram(path)) return path;
    }
    throw new NotInstalled(type, directories);
  }

  async #isProgram(path: string): Promise<boolean> {
    try {
      const found = await stat(this.#hostProcess ? await resolveIn(`${this.#hostProcess}/root`, path) : path);
      return found.isFile() && (found.mode & 0o111) !== 0;
    } catch {
      return false;
    }
  }

  async #run(program: string, call: IpamCall, command: string): Promise<string> {
    const [file, args] = this.#hostProcess
      ? ['/usr/bin/nsenter', [`--mount=${this.#hostProcess}/ns/mnt`, '--', program]]
      : [program, []];
    const result = await this.#exec(file, args, {
      input: call.config,
      env: { PATH: defaultPath, ...call.env, CNI_COMMAND: command },
      timeoutMs: this.#timeoutMs,
      allowFailure: true,
      // One that outlives the daemon would hand out an address that the next daemon has just given back.
      dieWithParent: true,
    });
    if (result.exitCode === 0) return result.stdout;
    const said = wireError.safeParse(parseJson(result.stdout));
    const prefix = `IPAM plugin ${call.type}`;
    if (said.success) {
      const { code, msg, details } = said.data;
      throw new CniError(code, `${prefix}: ${msg}`, { details });
    }
    const detail = result.stderr.trim() || result.stdout.trim() || `exit code ${result.exitCode}`;
    throw new CniError(cniCodes.internal, `${prefix}: ${detail}`);
  }
}

/** Whatever a plugin says to DEL, it has done what it can; without an answer that is not known, and is tried again. */
function ignoreAnswer(error: unknown): void {
  if (!(error instanceof CniError)) throw error;
}

/** The configuration names what is no plugin of this node, or the plugin was removed. */
export class NotInstalled extends CniError {
  constructor(type: string, directories: readonly string[]) {
    const where = directories.join(', ') || 'an empty CNI_PATH';
    super(cniCodes.invalidConfig, `IPAM plugin ${type} is no program in ${where}: install it on this node`);
  }
}

function parseResult(call: IpamCall, stdout: string): IpamResult {
  const result = ipamResult.safeParse(parseJson(stdout));
  if (result.success) return result.data;
  const why = 'answered something that is not a CNI result';
  throw new CniError(cniCodes.internal, `IPAM plugin ${call.type} ${why}`, { details: cutText(stdout, 500) });
}
