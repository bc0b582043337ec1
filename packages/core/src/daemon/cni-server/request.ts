/** What `dpu-cni` posts (packages/cni/src/daemon.ts), and the Go operator's executable of that name too. */
import { z } from 'zod';
import { CniError, cniCodes } from '../../cni-error.ts';
import { type NetworkBase, parseMac } from '../attach/network-config.ts';
import type { AttachmentKey, IpamCall } from '../attach/record/attachment.ts';
import { checkEnvironment, parseArgs, rules, type VariableRule } from './variables.ts';

const body = z.object({
  env: z.record(z.string(), z.string()),
  config: z.base64(),
});

interface PodName {
  namespace: string;
  name: string;
  uid?: string;
}

export class CniRequest {
  /** The runtime's whole environment, as IPAM plugins get it; of the Go operator's executable only what CNI defines. */
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
    checkEnvironment(this.env);
    this.text = Buffer.from(parsed.data.config, 'base64').toString('utf8');
    try {
      this.config = JSON.parse(this.text);
    } catch (cause) {
      throw new CniError(cniCodes.decodingFailure, 'the network configuration is not JSON', { cause });
    }
    this.#args = parseArgs(this.env.CNI_ARGS ?? '');
  }

  get command(): string {
    return this.env.CNI_COMMAND ?? '';
  }

  /** As it was said; DEL may come without. */
  get netns(): string {
    return this.env.CNI_NETNS ?? '';
  }

  /** For what looks into it. @throws CniError naming the variable */
  get podNetns(): string {
    return this.#variable('CNI_NETNS', rules.netns);
  }

  /** @throws CniError naming the variable */
  get key(): AttachmentKey {
    return {
      containerId: this.#variable('CNI_CONTAINERID', rules.containerId),
      ifName: this.#variable('CNI_IFNAME', rules.ifName),
    };
  }

  /**
   * For DEL, which runtimes call after an ADD that failed too: with a name that ADD refuses nothing was attached, and
   * the pod must be able to go.
   *
   * @throws CniError naming the variable
   */
  get deletionKey(): AttachmentKey {
    return {
      containerId: this.#variable('CNI_CONTAINERID', rules.anyContainerId),
      ifName: this.#variable('CNI_IFNAME', rules.anyIfName),
    };
  }

  /** Of CNI_ARGS, as it was said. */
  get pod(): PodName | undefined {
    const namespace = this.#args.get('K8S_POD_NAMESPACE');
    const name = this.#args.get('K8S_POD_NAME');
    const uid = this.#args.get('K8S_POD_UID');
    return namespace && name ? { namespace, name, ...(uid && { uid }) } : undefined;
  }

  /** For what looks it up. @throws CniError when these are no names of Kubernetes */
  get validPod(): PodName | undefined {
    const { pod } = this;
    const odd = Object.values(pod ?? {}).find((value) => !rules.podName.accepts(value));
    if (odd === undefined) return pod;
    const why = `a pod's names must be ${rules.podName.expected}, not ${JSON.stringify(odd)}`;
    throw new CniError(cniCodes.invalidEnvironment, `environment variable CNI_ARGS: ${why}`);
  }

  /** Of CNI_ARGS. */
  get mac(): string | undefined {
    return parseMac(this.#args.get('MAC') ?? '', 'CNI_ARGS: MAC');
  }

  /** The call of the network's IPAM plugin, where it has one. */
  ipamOf({ ipam }: NetworkBase): IpamCall | undefined {
    if (typeof ipam?.type !== 'string' || ipam.type === '') return undefined;
    return { type: ipam.type, env: { ...this.env, CNI_PATH: programPath(this.env.CNI_PATH) }, config: this.text };
  }

  #variable(name: string, rule: VariableRule): string {
    const value = this.env[name] ?? '';
    if (rule.accepts(value)) return value;
    const why = value === '' ? 'is missing' : `must be ${rule.expected}, not ${JSON.stringify(value)}`;
    throw new CniError(cniCodes.invalidEnvironment, `environment variable ${name} ${why}`);
  }
}

/** Plugins are looked for in directories of the node, not relative to wherever the daemon is. */
const programPath = (path = ''): string =>
  path
    .split(':')
    .filter((directory) => directory.startsWith('/'))
    .join(':');
