/** Which networks a pod names in its annotations, in the notations that Multus takes. Pure. */
import { z } from 'zod';
import { objectName } from '../api/fields/meta.ts';
import { networksAnnotation } from '../api/names/names.ts';

/** Multus's: the network that takes the place of the cluster's own, one at most. */
export const defaultNetworkAnnotation = 'v1.multus-cni.io/default-network';

/** A NetworkAttachmentDefinition. */
export interface NetworkName {
  namespace: string;
  name: string;
}

/** What a pod asks for cannot be given. The message names the field and the reason. */
export class InjectionError extends Error {
  override readonly name = 'InjectionError';
}

/** @param name of the NetworkAttachmentDefinition, with its namespace */
export const notThere = (name: string): InjectionError =>
  new InjectionError(`there is no NetworkAttachmentDefinition ${name}, which the pod names as its network`);

/** Of one annotation: more than a node has devices. Each costs time, in which no other pod gets its answer. */
const mostNetworks = 1_024;
/** Characters of an annotation: as many bytes has all that the API server takes of a pod's annotations, after it has asked here. */
const longestAnnotation = 256 * 1024;

/** Of an interface: what the kernel takes, IFNAMSIZ with the closing zero. */
const interfaceName = /^[^\s/:]{1,15}$/;

const elementsSchema = z.array(z.looseObject({ name: z.string(), namespace: z.string().nullish() }));

/**
 * The networks of a pod in the order of its annotations, one as often as it is named.
 *
 * @param annotations of the pod, with those that are injected
 * @param namespace of the pod, in which a name without a namespace is looked for
 * @throws InjectionError when an annotation is no list of networks
 */
export function networksOf(annotations: Readonly<Record<string, string>>, namespace: string): NetworkName[] {
  const inPlaceOfDefault = parseNetworks(defaultNetworkAnnotation, annotations, namespace);
  if (inPlaceOfDefault.length > 1) {
    throw new InjectionError(
      `annotation ${defaultNetworkAnnotation}: names ${inPlaceOfDefault.length} networks, a pod has one default network`,
    );
  }
  return [...inPlaceOfDefault, ...parseNetworks(networksAnnotation, annotations, namespace)];
}

function parseNetworks(
  annotation: string,
  annotations: Readonly<Record<string, string>>,
  namespace: string,
): NetworkName[] {
  const text = annotations[annotation]?.trim() ?? '';
  if (text === '') return [];
  try {
    if (text.length > longestAnnotation) throw new Error(`has more than ${longestAnnotation} characters`);
    // Multus tells the two notations apart by the same characters.
    return /[[{"]/.test(text) ? parseElements(text, namespace) : parseShort(text, namespace);
  } catch (error) {
    throw new InjectionError(`annotation ${annotation}: ${error instanceof Error ? error.message : error}`);
  }
}

function parseElements(text: string, namespace: string): NetworkName[] {
  const elements: unknown = JSON.parse(text);
  if (Array.isArray(elements)) checkCount(elements);
  const result = elementsSchema.safeParse(elements);
  if (!result.success) throw new Error(`is no list of networks: ${z.prettifyError(result.error)}`);
  return result.data.map((element) => checked(element.name, element.namespace || namespace, element.name));
}

/** `name`, `namespace/name`, each with `@interface` or without, separated by commas. Multus takes spaces around each of these. */
function parseShort(text: string, namespace: string): NetworkName[] {
  const parts = text.split(',');
  checkCount(parts);
  return parts.map((part) => {
    const whole = part.trim();
    const [name = '', interfaceAt, ...moreAt] = whole.split('@').map((unit) => unit.trim());
    if (moreAt.length > 0) throw new Error(`'${whole}' has more than one @`);
    if (interfaceAt !== undefined && !interfaceName.test(interfaceAt)) {
      throw new Error(`'${whole}': '${interfaceAt}' is no name of an interface`);
    }
    const units = name.split('/').map((unit) => unit.trim());
    if (units.length > 2) throw new Error(`'${whole}' has more than one /`);
    const dotted = units.find((unit) => unit.includes('.'));
    if (dotted !== undefined)
      throw new Error(`'${whole}': Multus takes '${dotted}' in JSON only: [{"name":"${units.at(-1)}"}]`);
    const [first = '', second] = units;
    return second === undefined ? checked(first, namespace, whole) : checked(second, first, whole);
  });
}

function checkCount({ length }: readonly unknown[]): void {
  if (length > mostNetworks) throw new Error(`names ${length} networks, a pod has ${mostNetworks} at most`);
}

function checked(name: string, namespace: string, whole: string): NetworkName {
  const wrong = [namespace, name].find((unit) => !objectName.test(unit));
  if (wrong !== undefined) throw new Error(`'${whole}': '${wrong}' is no name of an object`);
  return { namespace, name };
}
