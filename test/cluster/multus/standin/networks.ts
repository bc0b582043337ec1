import { CniError, codes } from './errors.ts';

/** One entry of a pod's network annotation: which network, and how to attach it. */
export interface NetworkSelection {
  namespace: string;
  name: string;
  interface: string;
  mac?: string;
  ips?: string[];
}

/** The namespace whose networks all pods may name: Multus' `globalNamespaces`, by default. */
const globalNamespace = 'default';

const dns1123 = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/**
 * Reads `k8s.v1.cni.cncf.io/networks`, either `ns/name@interface, name` or a JSON list. Networks without a namespace
 * are looked for in the pod's; interfaces without a name are called net1, net2 and so on by their place in the list.
 * Pods may name no other namespace's but the global one's, as with Multus' `namespaceIsolation`.
 */
export function parseNetworks(annotation: string, podNamespace: string): NetworkSelection[] {
  const text = annotation.trim();
  if (text === '') return [];
  const entries = text.startsWith('[') ? parseJsonList(text) : text.split(',').map(parseShortForm);
  return entries.map((entry, index) => {
    const { name, namespace = podNamespace, interface: ifname = `net${index + 1}`, mac, ips } = entry;
    for (const part of [name, namespace]) {
      if (!dns1123.test(part)) throw invalid(`"${part}" is no name of a network or namespace`, annotation);
    }
    if (namespace !== podNamespace && namespace !== globalNamespace) {
      throw invalid(`namespaces are isolated: a pod of ${podNamespace} cannot use ${namespace}/${name}`, annotation);
    }
    return { name, namespace, interface: ifname, ...(mac && { mac }), ...(ips && { ips }) };
  });
}

type PartialSelection = Partial<NetworkSelection> & { name: string };

function parseShortForm(item: string): PartialSelection {
  const match = /^(?:([^/@\s]+)\/)?([^/@\s]+)(?:@([^/@\s]+))?$/.exec(item.trim());
  if (!match?.[2]) throw invalid(`"${item.trim()}" is not of the form namespace/name@interface`, item);
  return { name: match[2], ...(match[1] && { namespace: match[1] }), ...(match[3] && { interface: match[3] }) };
}

function parseJsonList(text: string): PartialSelection[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw invalid(`not JSON: ${(error as Error).message}`, text);
  }
  return (list as Record<string, unknown>[]).map((item) => {
    if (typeof item?.name !== 'string') throw invalid('an entry has no name', text);
    const field = (key: string): Record<string, string> => {
      const value = item[key];
      return typeof value === 'string' && value !== '' ? { [key]: value } : {};
    };
    const ips = Array.isArray(item.ips) ? { ips: item.ips.map(String) } : {};
    return { name: item.name, ...field('namespace'), ...field('interface'), ...field('mac'), ...ips };
  });
}

function invalid(reason: string, annotation: string): CniError {
  return new CniError(codes.invalidConfig, `k8s.v1.cni.cncf.io/networks: ${reason}`, annotation);
}
