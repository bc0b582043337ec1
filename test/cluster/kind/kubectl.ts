import { attempt, CommandError, type RunOptions, type RunResult } from '../run.ts';

interface NodeObject {
  metadata: { name: string; labels: Record<string, string> };
  spec: { podCIDR?: string };
  status: { addresses: { type: string; address: string }[]; conditions: { type: string; status: string }[] };
}

/** A guard against what never comes, with room for a busy machine. */
const waitSeconds = 300;

/** What kubectl logs of each attempt to learn the server's kinds; its last line says the same. */
const discoveryLog = /^E\d{4} .* memcache\.go:.*\n/gm;

/** kubectl against one cluster: what people type, so what the tests type. */
export class Kubectl {
  /** Its path. */
  readonly program: string;
  readonly #kubeconfig: string;

  constructor(program: string, kubeconfig: string) {
    this.program = program;
    this.#kubeconfig = kubeconfig;
  }

  /** Runs `kubectl <args>`; throws with kubectl's own words. */
  async run(args: readonly string[], input?: RunOptions['input']): Promise<string> {
    const result = await this.try(args, input);
    if (result.exitCode !== 0) throw new CommandError(['kubectl', ...args], result);
    return result.stdout;
  }

  /** Runs `kubectl <args>` and answers however it ended. */
  async try(args: readonly string[], input?: RunOptions['input'], timeoutMs?: number): Promise<RunResult> {
    const result = await attempt([this.program, ...args], {
      // Not --kubeconfig: the variable may be a list.
      env: { KUBECONFIG: this.#kubeconfig },
      ...(input !== undefined && { input }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    return { ...result, stderr: result.stderr.replaceAll(discoveryLog, '') };
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run([...args, '-o', 'json'])) as T;
  }

  /** Runs a program in a pod's first container. */
  exec(pod: string, namespace: string, argv: readonly string[]): Promise<string> {
    return this.run(['exec', '-n', namespace, pod, '--', ...argv]);
  }

  /**
   * Waits by a watch; `condition` as in `kubectl wait --for`, e.g. `condition=Ready` or `delete`.
   */
  async wait(condition: string, objects: readonly string[], namespace?: string): Promise<void> {
    const scope = namespace ? ['-n', namespace] : [];
    await this.run(['wait', `--for=${condition}`, `--timeout=${waitSeconds}s`, ...scope, ...objects]);
  }

  async nodes(): Promise<NodeObject[]> {
    return (await this.json<{ items: NodeObject[] }>(['get', 'nodes'])).items;
  }

  async apply(...objects: object[]): Promise<void> {
    await this.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  }
}

export function internalIp(node: NodeObject): string {
  const address = node.status.addresses.find(({ type }) => type === 'InternalIP')?.address;
  if (!address) throw new Error(`node ${node.metadata.name} has no internal address`);
  return address;
}
