/** Where images are taken from in place of the registry in their name. Pure. */
import { parseReference } from './reference.ts';

export interface ImageMirror {
  /** A registry, or a part of one: `registry.acme.com`, `registry.acme.com/dpu`. */
  source: string;
  /** What stands in its place. */
  mirror: string;
}

/** The name under which a mirror has an image; of several the one with the longest source. Without one, the image's own. */
export function mirrored(image: string, mirrors: readonly ImageMirror[]): string {
  const { registry, repository, tag, digest } = parseReference(image);
  const name = `${registry}/${repository}`;
  const [found] = mirrors
    .filter(({ source }) => name === source || name.startsWith(`${source}/`))
    .sort((a, b) => b.source.length - a.source.length);
  if (!found) return image;
  // A digest says all that a tag does.
  return `${found.mirror}${name.slice(found.source.length)}${digest ? `@${digest}` : `:${tag}`}`;
}
