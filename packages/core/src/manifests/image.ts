/** An image's name in its parts. A registry may have a port: only behind the last slash a colon begins a tag. */
export interface ImageParts {
  /** With the registry. */
  repository: string;
  tag?: string | undefined;
  /** `sha256:…` */
  digest?: string | undefined;
}

/** @throws Error that names the image where it is none */
export function imageParts(image: string): ImageParts {
  const match = /^(?<repository>[^@\s]+?)(:(?<tag>[\w][\w.-]{0,127}))?(@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(image);
  const { repository, tag, digest } = match?.groups ?? {};
  if (!repository || (!tag && !digest)) {
    throw new Error(`${image}: must be <repository>:<tag> or <repository>@sha256:<64 hex digits>`);
  }
  return { repository, tag, digest };
}

/** What a kustomization says to have another image in the place of one. @param name its name, without tag */
export function replacement(name: string, image: string): object {
  const { repository, tag, digest } = imageParts(image);
  return { name, newName: repository, ...(digest ? { digest } : { newTag: tag }) };
}
