import { type RunOptions, run } from './run.ts';

interface NodeObject {
  metadata: { name: string; labels: Record<string, string> };
  spec: { podCIDR?: string };
  status: { addresses: { type: string; address: string }[]; conditions: { type: string; status: string }[] };
}

/** kubectl bound to one cluster. */
export class Kubectl {
  readonly #argv: string[];

  constructor(program: string, kubeconfig: string) {
    this.#argv = [program, '--kubeconfig', kubeconfig];
  }

  run(args: readonly string[], options?: RunOptions): Promise<string> {
    return run([...this.#argv, ...args], options);
  }

  async nodes(): Promise<NodeObject[]> {
    return JSON.parse(await this.run(['get', 'nodes', '-o', 'json'])).items;
  }

  async apply(...objects: object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.run(['apply', '-f', '-'], { input: list });
  }
}

export function internalIp(node: NodeObject): string {
  const address = node.status.addresses.find(({ type }) => type === 'InternalIP')?.address;
  if (!address) throw new Error(`node ${node.metadata.name} has no internal address`);
  return address;
}
