/** The name of an image in its parts, as container runtimes read it (https://github.com/distribution/reference). */

export interface ImageReference {
  /** Host, with its port where it has one. */
  registry: string;
  repository: string;
  tag: string;
  /** `sha256:…`, where the name has one: it goes before the tag. */
  digest: string | undefined;
}

const dockerHub = 'docker.io';

/** @param image Checked before: a name that a container runtime could pull. */
export function parseReference(image: string): ImageReference {
  const [name = '', digest] = image.split('@');
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const path = colon < 0 ? name : name.slice(0, colon);
  const tag = colon < 0 ? 'latest' : name.slice(colon + 1);
  const [first = '', ...rest] = path.split('/');
  const isRegistry = rest.length > 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  if (isRegistry) return { registry: first, repository: rest.join('/'), tag, digest };
  const repository = rest.length > 0 ? path : `library/${path}`;
  return { registry: dockerHub, repository, tag, digest };
}

/** The image, and no other that may have its tag later. */
export function byDigest({ registry, repository }: ImageReference, digest: string): string {
  return `${registry}/${repository}@${digest}`;
}

/** Host, and port where there is one, that answers for a registry. */
export function apiHost(registry: string): string {
  return registry === dockerHub ? 'registry-1.docker.io' : registry;
}
