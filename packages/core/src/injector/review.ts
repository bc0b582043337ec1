/** Admission reviews: what the API server asks by its webhook, and the answer in the form that it takes. */
import { cutText, longestMessage } from '@dpu-operator/sdk/cut-text';
import type { Logger } from 'pino';
import { z } from 'zod';
import { firstTen } from '../first-ten.ts';
import { annotationsWith, type Definition, type FoundNetwork, type Injection, mutate } from './mutate.ts';
import { InjectionError, type NetworkName, networksOf, notThere } from './networks.ts';
import { type InjectedPod, podSchema } from './pod.ts';
import type { InjectorSettings } from './settings.ts';

const reviewSchema = z.object({
  apiVersion: z.string().optional(),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string(),
    kind: z.object({ group: z.string().nullish(), kind: z.string() }),
    operation: z.string(),
    namespace: z.string().nullish(),
    object: z.unknown(),
  }),
});

/** The part by which an answer finds its question, of whatever is asked. */
const nobody = { request: { uid: '' } };
const headSchema = z
  .object({
    apiVersion: z.string().optional().catch(undefined),
    request: z.object({ uid: z.string().catch('') }).catch(nobody.request),
  })
  .catch(nobody);

interface Head {
  apiVersion?: string | undefined;
  request: { uid: string };
}

export interface AdmissionAnswer {
  apiVersion: string;
  kind: 'AdmissionReview';
  response: {
    uid: string;
    allowed: boolean;
    status?: { code: number; message: string };
    patchType?: 'JSONPatch';
    /** In base64. */
    patch?: string;
    warnings?: string[];
  };
}

export interface ReviewOptions {
  settings: () => InjectorSettings;
  definitions: {
    /** @returns undefined where there is no such NetworkAttachmentDefinition */
    find(network: NetworkName): Promise<Definition | undefined> | Definition | undefined;
  };
  logger: Logger;
}

/** Pods without which there is no network, no DNS and no webhook are never touched. */
const neverTouched = 'kube-system';

/**
 * Answers one review. What is not understood is refused with the field and the reason; what is no pod that is being made
 * goes as it is.
 *
 * @param body parsed JSON
 * @throws ApiError when the API server does not say whether a network exists
 */
export async function answerReview(body: unknown, options: ReviewOptions): Promise<AdmissionAnswer> {
  const parsed = reviewSchema.safeParse(body);
  if (!parsed.success) return refusal(body, 400, reason(parsed.error));
  const { apiVersion, request } = parsed.data;
  const head = { apiVersion, request };
  const isNewPod = request.kind.kind === 'Pod' && !request.kind.group && request.operation === 'CREATE';
  if (!isNewPod || request.namespace === neverTouched) return answer(head, { allowed: true });
  const pod = podSchema.safeParse(request.object);
  if (!pod.success) return refusal(body, 400, `request.object: ${reason(pod.error)}`);
  try {
    return injected(head, await inject(pod.data, request.namespace || 'default', options));
  } catch (error) {
    if (!(error instanceof InjectionError)) throw error;
    const refused = refusal(body, 422, error.message);
    options.logger.info({ namespace: request.namespace, message: refused.response.status?.message }, 'refused a pod');
    return refused;
  }
}

async function inject(
  pod: InjectedPod,
  namespace: string,
  { settings, definitions }: ReviewOptions,
): Promise<Injection> {
  const current = settings();
  const annotations = annotationsWith(pod, current);
  const found = new Map<string, Definition>();
  const networks: FoundNetwork[] = [];
  for (const network of networksOf(annotations, namespace)) {
    const name = `${network.namespace}/${network.name}`;
    const known = found.get(name) ?? definitions.find(network);
    const definition = known instanceof Promise ? await known : known;
    // No other is looked for: an annotation may name thousands, each of which would be a question to the API server.
    if (!definition) throw notThere(name);
    found.set(name, definition);
    networks.push({ name, definition });
  }
  return mutate(pod, annotations, networks, current);
}

function injected(head: Head, { patch, warnings }: Injection): AdmissionAnswer {
  const told = warnings.length > 0 ? { warnings } : {};
  if (patch.length === 0) return answer(head, { allowed: true, ...told });
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
  return answer(head, { allowed: true, patchType: 'JSONPatch', patch: encoded, ...told });
}

/**
 * @param body whatever was asked; the answer names its uid where it has one
 * @param message cut where it is too long
 */
export function refusal(body: unknown, code: number, message: string): AdmissionAnswer {
  return answer(headSchema.parse(body), {
    allowed: false,
    status: { code, message: cutText(message, longestMessage) },
  });
}

function answer({ apiVersion, request }: Head, response: Omit<AdmissionAnswer['response'], 'uid'>): AdmissionAnswer {
  return {
    apiVersion: apiVersion ?? 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.uid, ...response },
  };
}

function reason({ issues }: z.ZodError): string {
  const faults = issues.map(({ path, message }) => [path.map(String).join('.'), message].filter(Boolean).join(': '));
  return firstTen(faults, '; ');
}
