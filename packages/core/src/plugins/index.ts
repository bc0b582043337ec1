/** Looks plugins up in registries, and installs them. */
export { parsePullSecret, pullSecretType } from './image/pull-secret.ts';
export { type ImageFound, type ImageRequest, readImage } from './image/read-image.ts';
export { installContainer, type NpmSource } from './install/container.ts';
export { installedDirectory, installedPackage, pluginRoot } from './install/directory.ts';
export { type InstallReason, parseTermination } from './install/install-error.ts';
export { lockKeys } from './install/lock-file.ts';
export { hashOfLock } from './lookup/lock.ts';
export { type LookedUp, type LookUp, type LookupRequest, lookUp } from './lookup/lookup.ts';
export { LookupError } from './lookup/lookup-error.ts';
