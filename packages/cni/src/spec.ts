/** Facts of the CNI specification, https://www.cni.dev/docs/spec/. */

/** Oldest first. */
export const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
export const newestVersion = '1.1.0';

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

interface CommandRule {
  /** Environment variables without which it makes no sense. */
  needs: readonly string[];
  /** The first of the supported versions that has it. */
  since: string;
}

export const commands: Readonly<Record<Command, CommandRule>> = {
  ADD: { needs: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], since: '0.3.0' },
  DEL: { needs: ['CNI_CONTAINERID', 'CNI_IFNAME'], since: '0.3.0' },
  CHECK: { needs: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], since: '0.4.0' },
  GC: { needs: [], since: '1.1.0' },
  STATUS: { needs: [], since: '1.1.0' },
  VERSION: { needs: [], since: '0.3.0' },
};

export const codes = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  decodingFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  /** Answer to STATUS: an ADD could not be served. */
  notAvailable: 50,
  generic: 999,
} as const;

/** The error object that a runtime gets. */
export class CniError extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, message: string, details = '') {
    super(message);
    this.code = code;
    this.details = details;
  }
}
