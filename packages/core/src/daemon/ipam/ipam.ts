/** Address management by an IPAM plugin of the node, run as the CNI specification says (delegated plugins). */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '@dpu-operator/sdk/linux';
import { z } from 'zod';
import type { IpamCall } from '../attach/attachment.ts';
import { CniError, cniCodes } from '../attach/errors.ts';
import { type IpamResult, ipamResult } from '../attach/result.ts';

const wireError = z.looseObject({
  code: z.int().default(cniCodes.internal),
  msg: z.string(),
  details: z.string().default(''),
});

/** Some, whereabouts among them, ask the API server. */
const timeoutMs = 30_000;

export class Ipam {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** @throws CniError when the plugin refused: then it handed out nothing */
  async add(call: IpamCall): Promise<IpamResult> {
    const stdout = await this.#run(call, 'ADD');
    const result = ipamResult.safeParse(parseJson(stdout));
    if (result.success) return result.data;
    await this.del(call);
    const why = 'answered something that is not a CNI result';
    throw new CniError(cniCodes.internal, `IPAM plugin ${call.type} ${why}`, { details: stdout.slice(0, 500) });
  }

  /** Without a namespace when it is gone: plugins must free addresses all the same. */
  async del(call: IpamCall): Promise<void> {
    await this.#run(call, 'DEL');
  }

  async check(call: IpamCall): Promise<void> {
    await this.#run(call, 'CHECK');
  }

  async #run(call: IpamCall, command: string): Promise<string> {
    const program = await this.find(call);
    const env = { ...call.env, CNI_COMMAND: command, PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
    const result = await this.#exec(program, [], {
      input: call.config,
      env,
      timeoutMs,
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
    const words = result.stderr.trim() || result.stdout.trim() || `exit code ${result.exitCode}`;
    throw new CniError(cniCodes.internal, `${prefix}: ${words}`);
  }

  /** Where the plugin is. @throws CniError when it is not installed */
  async find({ type, env }: IpamCall): Promise<string> {
    const directories = (env.CNI_PATH ?? '').split(':').filter(Boolean);
    for (const directory of directories) {
      const path = join(directory, type);
      const found = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return path;
    }
    const where = directories.join(', ') || 'an empty CNI_PATH';
    throw new CniError(cniCodes.internal, `IPAM plugin ${type} is not in ${where}: install it on this node`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
