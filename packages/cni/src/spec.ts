/** Facts of the CNI specification, https://www.cni.dev/docs/spec/. */

/** Oldest first. */
export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
export const oldestVersion = '0.1.0';
export const newestVersion = '1.1.0';

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

interface CommandRule {
  /** Environment variables without which it makes no sense. */
  needs: readonly string[];
  /** The first of the supported versions that has it. */
  since: string;
}

export const commands: Readonly<Record<Command, CommandRule>> = {
  ADD: { needs: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], since: '0.1.0' },
  DEL: { needs: ['CNI_CONTAINERID', 'CNI_IFNAME'], since: '0.1.0' },
  CHECK: { needs: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], since: '0.4.0' },
  GC: { needs: [], since: '1.1.0' },
  STATUS: { needs: [], since: '1.1.0' },
  VERSION: { needs: [], since: '0.1.0' },
};

export const codes = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  /** Standard input or output. */
  ioFailure: 5,
  decodingFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  /** Answer to STATUS: an ADD could not be served. */
  notAvailable: 50,
  generic: 999,
} as const;

/** Codes are unsigned and not 0 (libcni's type is `uint`). */
const largestCode = 2 ** 32 - 1;

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

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A daemon may be of another version, or not be one: what is no code becomes the generic one. */
export function parseCode(text: string | undefined): number {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return codes.generic;
  const code = Number(text);
  return code >= 1 && code <= largestCode ? code : codes.generic;
}
