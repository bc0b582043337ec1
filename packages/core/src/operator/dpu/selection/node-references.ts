/** References to nodes in a plugin's settings: `{nodeIp:worker-2}` stands for that node's address. Pure. */

/** The address by which other nodes reach a node; undefined where there is no such node, or it has none yet. */
export type NodeAddress = (nodeName: string) => string | undefined;

const reference = /\{nodeIp:([^{}]*)\}/g;

export interface ResolvedSettings {
  settings: Record<string, unknown>;
  /** Nodes whose address is not known, each once. */
  unknownNodes: string[];
}

/** Replaces references in strings at any depth. A plugin sees addresses only, and its schema is for these. */
export function resolveNodeReferences(settings: Record<string, unknown>, addressOf: NodeAddress): ResolvedSettings {
  const unknown = new Set<string>();
  const resolveText = (text: string) =>
    text.replace(reference, (written, nodeName: string) => {
      const address = addressOf(nodeName);
      if (address === undefined) unknown.add(nodeName);
      return address ?? written;
    });
  const resolve = (value: unknown): unknown => {
    if (typeof value === 'string') return resolveText(value);
    if (Array.isArray(value)) return value.map(resolve);
    return typeof value === 'object' && value !== null ? resolveFields(value) : value;
  };
  const resolveFields = (object: object) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, resolve(value)]));
  const resolved = resolveFields(settings);
  return { settings: resolved, unknownNodes: [...unknown] };
}
