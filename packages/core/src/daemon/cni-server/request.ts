/** What `dpu-cni` posts (contracts.md), and the Go operator's executable of that name too. */
import { z } from 'zod';
import type { AttachmentKey, IpamCall } from '../attach/attachment.ts';
import { CniError, cniCodes } from '../attach/errors.ts';
import { type NetworkBase, parseMac } from '../attach/network-config.ts';

const body = z.object({
  env: z.record(z.string(), z.string()),
  config: z.base64(),
});

/** The specification's own rule; ids become file names. */
const containerIdPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** As Linux has it: at most 15 bytes, no slash, colon or white space. */
const ifNamePattern = /^(?!\.{1,2}$)[^/:\s]{1,15}$/;

export class CniRequest {
  readonly env: Readonly<Record<string, string>>;
  /** The configuration, word for word as IPAM plugins get it. */
  readonly text: string;
  readonly config: unknown;
  readonly #args: ReadonlyMap<string, string>;

  /** @throws CniError when it is not such a request */
  constructor(json: unknown) {
    const parsed = body.safeParse(json);
    if (!parsed.success) {
      throw new CniError(cniCodes.decodingFailure, 'the request must be {"env": {…}, "config": "<base64>"}');
    }
    this.env = parsed.data.env;
    this.text = Buffer.from(parsed.data.config, 'base64').toString('utf8');
    try {
      this.config = JSON.parse(this.text);
    } catch (cause) {
      throw new CniError(cniCodes.decodingFailure, 'the network configuration is not JSON', { cause });
    }
    const pairs = (this.env.CNI_ARGS ?? '').split(';').map((pair) => pair.split('=') as [string, string?]);
    this.#args = new Map(pairs.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
  }

  get command(): string {
    return this.env.CNI_COMMAND ?? '';
  }

  get netns(): string {
    return this.env.CNI_NETNS ?? '';
  }

  /** @throws CniError naming the variable */
  get key(): AttachmentKey {
    return {
      containerId: this.#variable('CNI_CONTAINERID', containerIdPattern),
      ifName: this.#variable('CNI_IFNAME', ifNamePattern),
    };
  }

  get pod(): { namespace: string; name: string; uid?: string } | undefined {
    const namespace = this.#args.get('K8S_POD_NAMESPACE');
    const name = this.#args.get('K8S_POD_NAME');
    const uid = this.#args.get('K8S_POD_UID');
    return namespace && name ? { namespace, name, ...(uid && { uid }) } : undefined;
  }

  /** Of CNI_ARGS. */
  get mac(): string | undefined {
    const mac = this.#args.get('MAC');
    return mac ? parseMac(mac, 'CNI_ARGS: MAC') : undefined;
  }

  /** The call of the network's IPAM plugin, where it has one. */
  ipamOf({ ipam }: NetworkBase): IpamCall | undefined {
    if (!ipam || !('type' in ipam) || typeof ipam.type !== 'string') return undefined;
    const env = Object.fromEntries(Object.entries(this.env).filter(([name]) => name.startsWith('CNI_')));
    return { type: ipam.type, env, config: this.text };
  }

  #variable(name: string, pattern: RegExp): string {
    const value = this.env[name] ?? '';
    if (pattern.test(value)) return value;
    const why = value === '' ? 'is missing' : `is not valid: ${JSON.stringify(value)}`;
    throw new CniError(cniCodes.invalidEnvironment, `environment variable ${name} ${why}`);
  }
}
