/** Looks plugins up in registries, and installs them. */
export { installContainer, type NpmSource } from './install/container.ts';
export { installedDirectory, installedPackage, pluginRoot } from './install/directory.ts';
export { type InstallReason, parseTermination } from './install/install-error.ts';
export { lockKeys } from './install/lock-file.ts';
export { hashOfLock } from './lookup/lock.ts';
export { type LookedUp, type LookUp, type LookupRequest, lookUp } from './lookup/lookup.ts';
export { LookupError } from './lookup/lookup-error.ts';
