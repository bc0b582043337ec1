/**
 * What a pod lacks for the networks that it names. Pure: what the networks are has been looked up before.
 *
 * ```
 * annotations by label - networks - resources of the first container - hugepages - /etc/podnetinfo - node selector
 * ```
 *
 * What the user set stays, and a pod that has all of it is left alone: another run over its outcome changes nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { annotations as annotationNames, networkResourceAnnotation, resourceName } from '../api/names/names.ts';
import { isExtendedResource, isLabel } from './kubernetes-names.ts';
import { InjectionError } from './networks.ts';
import type { AddOperation, InjectedContainer, InjectedPod } from './pod.ts';
import { hasNetInfo, netInfoOf } from './pod-net-info.ts';
import type { InjectorSettings } from './settings.ts';

/** On a NetworkAttachmentDefinition: a label, `key=value` or `key`, of the nodes that have the network. */
export const nodeSelectorAnnotation = 'k8s.v1.cni.cncf.io/nodeSelector';

/** A NetworkAttachmentDefinition, by its annotations. */
export type Definition = Readonly<Record<string, string>>;

/** A network that a pod names, and that is there. */
export interface FoundNetwork {
  /** `namespace/name` */
  name: string;
  definition: Definition;
}

export interface Injection {
  patch: AddOperation[];
  /** For who makes the pod. */
  warnings: string[];
}

/**
 * The pod's annotations with those that its labels ask for. Its own win; of two labels the first in alphabetical order.
 */
export function annotationsWith({ metadata }: InjectedPod, settings: InjectorSettings): Record<string, string> {
  if (settings.annotationsByLabel.size === 0) return metadata.annotations ?? {};
  const labels = metadata.labels ?? {};
  const asked = [...settings.annotationsByLabel]
    .filter(([label]) => Object.hasOwn(labels, label) && labels[label]?.toLowerCase() === 'true')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, annotations]) => annotations);
  return Object.assign({}, ...asked.toReversed(), metadata.annotations);
}

/**
 * @param annotations of the pod, by {@link annotationsWith}
 * @param networks that they name, one as often as it is named
 * @throws InjectionError when the pod names networks that cannot be injected
 */
export function mutate(
  pod: InjectedPod,
  annotations: Readonly<Record<string, string>>,
  networks: readonly FoundNetwork[],
  settings: InjectorSettings,
): Injection {
  const warnings: string[] = [];
  const wantedLabels = nodeLabels(networks);
  const patch = [
    ...changed('/metadata/annotations', pod.metadata.annotations, annotations),
    ...resourcesAndFiles(pod, countResources(pod, networks, warnings), settings),
    ...changed('/spec/nodeSelector', pod.spec.nodeSelector, nodeSelectorWith(pod, wantedLabels, warnings)),
  ];
  return { patch, warnings };
}

/**
 * Which claim brings which device is known when it has been allocated, so the network has to say that one does. Devices of
 * the operator come by requests alone.
 */
function countResources(
  { spec }: InjectedPod,
  networks: readonly FoundNetwork[],
  warnings: string[],
): Map<string, number> {
  const counts = new Map<string, number>();
  const hasClaims = (spec.resourceClaims ?? []).length > 0;
  for (const { name, definition } of networks) {
    const resource = definition[networkResourceAnnotation];
    if (!resource) continue;
    if (!isExtendedResource(resource)) {
      throw new InjectionError(
        `NetworkAttachmentDefinition ${name}: annotation ${networkResourceAnnotation}: '${resource}' is no name of devices, such as ${resourceName}`,
      );
    }
    const isForeign = !resource.startsWith(resourceName);
    if (hasClaims && isForeign) {
      if (definition[annotationNames.devicesByClaim] === 'true') continue;
      warnings.push(
        `network ${name}: the pod is to ask for ${resource}; where a claim of it brings the device, the NetworkAttachmentDefinition says so: ${annotationNames.devicesByClaim}: "true"`,
      );
    }
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  return counts;
}

function resourcesAndFiles(
  pod: InjectedPod,
  counts: ReadonlyMap<string, number>,
  settings: InjectorSettings,
): AddOperation[] {
  const containers = pod.spec.containers ?? [];
  const [first] = containers;
  // A pod without containers is refused by the API server itself.
  if (counts.size === 0 || !first) return [];
  // The volume says that this pod, or the one that it was copied from, has been here before.
  const isAdding = settings.addToExisting && !hasNetInfo(pod);
  const resources = isAdding ? resourcesPlus(first, counts) : resourcesWith(first, missing(pod, counts));
  return [
    ...changed('/spec/containers/0/resources', first.resources, resources),
    ...netInfoOf(pod, settings.hugepages).flatMap(({ path, before, after }) => changed(path, before, after)),
  ];
}

/**
 * Those that no container asks for: who sets a number himself, in whichever container, is left to it. What an init container
 * asks for is its own only where it runs on beside the others; else the others have it after it.
 */
function missing({ spec }: InjectedPod, counts: ReadonlyMap<string, number>): Map<string, number> {
  const left = new Map(counts);
  const leave = ({ resources }: Pick<InjectedContainer, 'resources'>) => {
    for (const resource of counts.keys()) {
      if (resources?.requests?.[resource] !== undefined || resources?.limits?.[resource] !== undefined) {
        left.delete(resource);
      }
    }
  };
  for (const container of spec.containers ?? []) leave(container);
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') leave(container);
  }
  return left;
}

function resourcesWith({ resources }: InjectedContainer, counts: ReadonlyMap<string, number>) {
  if (counts.size === 0) return resources;
  const added = Object.fromEntries([...counts].map(([resource, count]) => [resource, String(count)]));
  return {
    ...resources,
    requests: { ...resources?.requests, ...added },
    limits: { ...resources?.limits, ...added },
  };
}

function resourcesPlus({ resources }: InjectedContainer, counts: ReadonlyMap<string, number>) {
  const sums = (field: 'requests' | 'limits') => {
    const before = resources?.[field] ?? {};
    const summed = [...counts].map(([resource, count]) => [resource, sum(field, resource, before[resource], count)]);
    return { ...before, ...Object.fromEntries(summed) };
  };
  return { ...resources, requests: sums('requests'), limits: sums('limits') };
}

/** Devices are counted in whole numbers, of which the API server writes 1000 as 1k. */
function sum(field: string, resource: string, before: string | number = 0, count: number): string {
  const [, digits, thousands] = /^(\d+)(k?)$/.exec(String(before)) ?? [];
  if (digits === undefined) {
    throw new InjectionError(`spec.containers[0].resources.${field}.${resource}: '${before}' is no whole number`);
  }
  return String(BigInt(digits) * (thousands ? 1000n : 1n) + BigInt(count));
}

/** By key: what the networks ask of the nodes. */
function nodeLabels(networks: readonly FoundNetwork[]): Map<string, { value: string; by: string }> {
  const labels = new Map<string, { value: string; by: string }>();
  for (const { name, definition } of networks) {
    const text = definition[nodeSelectorAnnotation];
    if (!text) continue;
    const [key = '', value = '', ...more] = text.split('=').map((part) => part.trim());
    if (!isLabel(key, value) || more.length > 0) {
      throw new InjectionError(
        `NetworkAttachmentDefinition ${name}: annotation ${nodeSelectorAnnotation}: '${text}' is not one label, key=value`,
      );
    }
    const other = labels.get(key);
    if (other && other.value !== value) {
      throw new InjectionError(
        `no node has both networks: ${other.by} is on nodes with ${key}=${other.value}, ${name} on those with ${key}=${value}`,
      );
    }
    labels.set(key, { value, by: name });
  }
  return labels;
}

function nodeSelectorWith(
  { spec }: InjectedPod,
  wanted: ReadonlyMap<string, { value: string; by: string }>,
  warnings: string[],
): InjectedPod['spec']['nodeSelector'] {
  if (wanted.size === 0) return spec.nodeSelector;
  const own = spec.nodeSelector ?? {};
  for (const [key, { value, by }] of wanted) {
    if (!Object.hasOwn(own, key) || own[key] === value) continue;
    warnings.push(`spec.nodeSelector.${key}: stays '${own[key]}', but network ${by} is on nodes with '${value}'`);
  }
  const added = Object.fromEntries([...wanted].map(([key, { value }]) => [key, value]));
  return { ...added, ...own };
}

/** Nothing where before and after say the same; an absent field says the same as an empty one. Keys of a map have no order. */
function changed(path: string, before: unknown, after: unknown): AddOperation[] {
  if (before === after || isDeepStrictEqual(before ?? {}, after ?? {})) return [];
  return [{ op: 'add', path, value: after }];
}
