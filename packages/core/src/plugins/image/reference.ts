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

const host = /(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?/;
const component = /[a-z0-9]+(?:[._-]+[a-z0-9]+)*/;
const tag = /:\w[\w.-]{0,127}/;
const digest = /@(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})/;
const pattern = new RegExp(
  `^(?:${host.source}/)?${component.source}(?:/${component.source})*(?:${tag.source})?(?:${digest.source})?$`,
);

/** Whether an image has a name that a container runtime could pull. */
export function isReference(image: string): boolean {
  return pattern.test(image) && URL.canParse(`https://${parseReference(image).registry}`);
}

/** @param image One that {@link isReference}. */
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
