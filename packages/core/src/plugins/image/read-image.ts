/** Reads a plugin's manifest from its image's labels. No layer is fetched, and nothing of the image is run. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { manifestLabel } from '../../api/names/names.ts';
import { parseJson } from '../../json.ts';
import { mayUseHttp } from '../http-registries.ts';
import { LookupError } from '../lookup/lookup-error.ts';
import { CredentialsError } from '../npm/settings.ts';
import { trustedCaFile } from '../npm/trusted-ca.ts';
import { authoritiesFor, type Login, loginFor, type PullSecret } from './pull-secret.ts';
import { type ImageReference, isReference, parseReference } from './reference.ts';
import { type Answer, RegistryClient } from './registry-client.ts';

export interface ImageRequest {
  image: string;
  secrets: readonly PullSecret[];
  /** Registries, as host or host:port, that are reached by http. */
  httpRegistries: readonly string[];
  /** PEM bundle of authorities to trust beside the public ones, where the file exists. Default: the installation's. */
  caBundle?: string;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

export interface ImageFound {
  /** Of the image, or of the index with an image for each architecture. */
  digest: string;
  /** Those that it can run on, as Go names them. */
  architectures: string[];
  /** As it stands in the label. */
  manifest: Record<string, unknown>;
}

export type ReadImage = (request: ImageRequest) => Promise<ImageFound>;

const limitMs = 60_000;
/** Far more than there are kinds of machines: each takes two requests. */
const mostPlatforms = 32;

const accepted = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(',');

const digestSchema = z.string().regex(/^sha(256|384|512):[0-9a-f]{64,128}$/);
const platformSchema = z.object({ os: z.string(), architecture: z.string() });
const indexSchema = z.object({
  manifests: z.array(z.object({ digest: digestSchema, platform: platformSchema.optional() })),
});
const imageSchema = z.object({ config: z.object({ digest: digestSchema }) });
const configSchema = platformSchema.extend({
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});
type Config = z.infer<typeof configSchema>;

/** @throws LookupError, and the signal's reason when it is aborted. */
export const readImage: ReadImage = async (request) => {
  const { image, secrets, httpRegistries, caBundle = trustedCaFile, signal } = request;
  if (!isReference(image)) {
    throw new LookupError(
      'ImageNotFound',
      `${image} is no name of an image: check spec.image, and spec.plugins.imageMirrors`,
    );
  }
  const reference = parseReference(image);
  const trusted = await readFile(caBundle, 'utf8').catch(() => undefined);
  const deadline = AbortSignal.timeout(limitMs);
  using client = new RegistryClient(reference, {
    login: requireLogin(reference, secrets),
    authorities: [...(trusted === undefined ? [] : [trusted]), ...authoritiesFor(reference, secrets)],
    isInsecure: (host) => mayUseHttp(host, httpRegistries),
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  });
  const reader = new Reader(client, reference, image);
  const { digest, content } = await reader.manifest(reference.digest ?? reference.tag);
  const configs = await reader.configs(content);
  const linux = configs.filter(({ os }) => os === 'linux');
  const [first, ...others] = linux;
  if (!first) {
    const has = configs.map(({ os, architecture }) => `${os}/${architecture}`).join(', ') || 'nothing';
    throw new LookupError('ArchitectureMissing', `it is for ${has}; nodes with a DPU run linux: build it for that`);
  }
  const manifest = manifestOf(first);
  const odd = others.find((other) => !isDeepStrictEqual(manifestOf(other), manifest));
  if (odd) {
    const message = `its label ${manifestLabel} for ${odd.architecture} is another than for ${first.architecture}: build all with the same`;
    throw new LookupError('ManifestInvalid', message);
  }
  const architectures = [...new Set(linux.map(({ architecture }) => architecture))].sort();
  return { digest, architectures, manifest };
};

function requireLogin(reference: ImageReference, secrets: readonly PullSecret[]): Login | undefined {
  try {
    return loginFor(reference, secrets);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    throw new LookupError('SecretInvalid', `the Secret for ${reference.registry} ${error.message}`, { cause: error });
  }
}

function manifestOf({ config }: Config): Record<string, unknown> {
  const text = config?.Labels?.[manifestLabel];
  if (!text) {
    const message = `it has no label ${manifestLabel}: build it with the label that \`dpu-vsp manifest\` prints, or write spec.manifest`;
    throw new LookupError('ManifestMissing', message);
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new LookupError('ManifestInvalid', `its label ${manifestLabel} is no JSON object`);
}

/** What a registry has of one repository, each compared with its digest. */
class Reader {
  readonly #client: RegistryClient;
  readonly #reference: ImageReference;
  readonly #image: string;

  constructor(client: RegistryClient, reference: ImageReference, image: string) {
    this.#client = client;
    this.#reference = reference;
    this.#image = image;
  }

  /** @param name Tag or digest. */
  async manifest(name: string): Promise<{ digest: string; content: unknown }> {
    const wanted = name.includes(':') ? name : undefined;
    return this.#content(await this.#client.get(`manifests/${name}`, accepted), wanted);
  }

  /** Of every platform that the image, or index of images, is for. */
  async configs(content: unknown): Promise<Config[]> {
    const index = indexSchema.safeParse(content);
    if (!index.success) return [await this.#config(content)];
    // What a builder attests is in the index too, for an unknown platform.
    const entries = index.data.manifests.filter(({ platform }) => platform && platform.os !== 'unknown');
    if (entries.length > mostPlatforms) {
      const message = `it is for ${entries.length} platforms; at most ${mostPlatforms} are read`;
      throw new LookupError('ManifestInvalid', message);
    }
    const configs: Config[] = [];
    for (const { digest, platform } of entries) {
      if (platform?.os !== 'linux')
        configs.push({ os: platform?.os ?? '', architecture: platform?.architecture ?? '' });
      else configs.push(await this.#config((await this.manifest(digest)).content));
    }
    return configs;
  }

  async #config(content: unknown): Promise<Config> {
    const { digest } = this.#parse(imageSchema, content).config;
    const blob = this.#content(await this.#client.get(`blobs/${digest}`), digest);
    return this.#parse(configSchema, blob.content);
  }

  /** @param wanted The digest that it must have, where one is known. */
  #content(answer: Answer, wanted: string | undefined): { digest: string; content: unknown } {
    const { body } = this.#require(answer);
    const [algorithm = ''] = (wanted ?? 'sha256:').split(':');
    const digest = `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`;
    if (wanted !== undefined && wanted !== digest) throw this.#tampered(wanted);
    return { digest, content: parseJson(body.toString('utf8')) };
  }

  #parse<T extends z.ZodType>(schema: T, content: unknown): z.infer<T> {
    const parsed = schema.safeParse(content);
    if (parsed.success) return parsed.data;
    throw new LookupError('ManifestMissing', `${this.#image} is no image of a container: check spec.image`);
  }

  #tampered(digest: string): LookupError {
    const message = `what ${this.#reference.registry} has as ${digest} has another hash; do not run it before you know why`;
    return new LookupError('IntegrityMismatch', message);
  }

  #require(answer: Answer): Answer {
    const { status, body } = answer;
    const { registry, repository } = this.#reference;
    if (status === 200) return answer;
    if (status === 401 || status === 403) {
      const message = `${registry} refuses the credentials for ${repository}, or wants some: name a Secret of type kubernetes.io/dockerconfigjson for it in spec.pod.imagePullSecrets`;
      throw new LookupError('Unauthorized', message);
    }
    if (status === 404) {
      const message = `${registry} has no ${repository} of that tag or digest, or shows it only to some: check spec.image and spec.pod.imagePullSecrets`;
      throw new LookupError('ImageNotFound', message);
    }
    const detail = body.toString('utf8', 0, 200).replace(/\s+/g, ' ').trim();
    const message = `${registry} does not answer as a registry of images does (${status}${detail && `: ${detail}`})`;
    throw new LookupError('RegistryUnreachable', message);
  }
}
