/** Why a version of a plugin cannot be had: reasons for conditions. */

export const lookupReasons = [
  'PackageNotFound',
  'ImageNotFound',
  'VersionNotFound',
  'Unauthorized',
  'SecretMissing',
  'SecretInvalid',
  'RegistryUnreachable',
  'RegistryUntrusted',
  'RegistryInsecure',
  'TimedOut',
  'IntegrityMismatch',
  'IntegrityMissing',
  'ManifestMissing',
  'ManifestInvalid',
  'ContractUnsupported',
  'HostApiUnsupported',
  'ArchitectureMissing',
  'DependencyUnsafe',
  'DependencyNotFound',
  'DependencyConflict',
  'LockInvalid',
  'LockTooLarge',
  'NoVersions',
  'ApprovalRequired',
  'PodInvalid',
  'ServiceAccountMissing',
  'LookupFailed',
] as const;

export type LookupReason = (typeof lookupReasons)[number];

/** What the same lookup may not say again soon: somebody else repairs it, and nobody tells the operator. */
const passing: ReadonlySet<string> = new Set<LookupReason>([
  'PackageNotFound',
  'ImageNotFound',
  'VersionNotFound',
  'Unauthorized',
  'SecretMissing',
  'SecretInvalid',
  'RegistryUnreachable',
  'RegistryUntrusted',
  'TimedOut',
  'DependencyNotFound',
  'LookupFailed',
]);

export class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly reason: LookupReason;

  constructor(reason: LookupReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Whether it is worth looking again although nothing that the operator watches has changed. */
export function isPassing(reason: string): boolean {
  return passing.has(reason);
}
