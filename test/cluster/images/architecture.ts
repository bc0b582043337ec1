/** Architectures that images are made for, as image registries call them. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** As Node and npm packages call them. */
export const nodeNames = { amd64: 'x64', arm64: 'arm64' } as const satisfies Record<Architecture, string>;

/** This machine's. @throws Error where there is no image for it */
export function ownArchitecture(): Architecture {
  const own = architectures.find((name) => nodeNames[name] === process.arch);
  if (!own) throw new Error(`there are no images for ${process.arch}, only for ${architectures.join(' and ')}`);
  return own;
}
