/** Why a plugin could not be installed: the first word of the container's termination message, and its exit code. */
export const installReasons = {
  Usage: 64,
  LockMissing: 10,
  LockInvalid: 11,
  CredentialsInvalid: 12,
  Tampered: 20,
  Unpublished: 21,
  Unauthorized: 22,
  RegistryUnreachable: 23,
  RegistryUntrusted: 24,
  TimedOut: 25,
  NodeStorage: 30,
  InstallFailed: 1,
} as const;

export type InstallReason = keyof typeof installReasons;

export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly reason: InstallReason;

  constructor(reason: InstallReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The detail of an installation that failed, for a condition; undefined where a message is of another origin. */
export function parseTermination(message: string): { reason: InstallReason; message: string } | undefined {
  const [, reason, detail] = /^([A-Za-z]+): (.*)/.exec(message.trim().split('\n').at(-1) ?? '') ?? [];
  return reason && detail && reason in installReasons
    ? { reason: reason as InstallReason, message: detail }
    : undefined;
}
